import { hex } from "@ioeventfd/uapi";
import type { Assembler } from "@ioeventfd/vmx-sim";
import { guestLayout } from "../guest_machine.ts";
import type { StepPlace, Template } from "./_guest_step.ts";
import { operand, withMemory } from "./_step_operand.ts";
import { register, size } from "./_step_registers.ts";

/** An instruction given as bytes, its operand at an address in BX or RBX. */
interface Raw {
  readonly name: string;
  readonly opcode: readonly number[];
  readonly reg: number;
  /** Bytes that its operand must be aligned to. */
  readonly align?: number;
  /** In 64-bit mode alone. */
  readonly long?: boolean;
}

const rare: readonly Raw[] = [
  { name: "mov M, cs", opcode: [0x8c], reg: 1 },
  { name: "mov M, ss", opcode: [0x8c], reg: 2 },
  { name: "mov qword M, ss", opcode: [0x48, 0x8c], reg: 2, long: true },
  { name: "str M", opcode: [0x0f, 0x00], reg: 1, long: true },
  { name: "sldt qword M", opcode: [0x48, 0x0f, 0x00], reg: 0, long: true },
  { name: "movsxd cx, M", opcode: [0x66, 0x63], reg: 1, long: true },
  { name: "movq M, mm1", opcode: [0x0f, 0x7f], reg: 1 },
  { name: "movq mm1, M", opcode: [0x0f, 0x6f], reg: 1 },
  { name: "movups xmm1, M", opcode: [0x0f, 0x10], reg: 1 },
  { name: "movupd M, xmm1", opcode: [0x66, 0x0f, 0x11], reg: 1 },
  { name: "movapd M, xmm1", opcode: [0x66, 0x0f, 0x29], reg: 1, align: 16 },
  { name: "movdqa M, xmm1", opcode: [0x66, 0x0f, 0x7f], reg: 1, align: 16 },
  { name: "movntdq M, xmm1", opcode: [0x66, 0x0f, 0xe7], reg: 1, align: 16 },
  { name: "movntpd M, xmm1", opcode: [0x66, 0x0f, 0x2b], reg: 1, align: 16 },
];

function loadVectors(a: Assembler, { long }: StepPlace, scratch: number): void {
  a.movups(a.xmm1, long ? a.ptr(scratch) : a.ptr(scratch, { segment: a.ss }));
  const [low, high] = [scratch & 0xff, scratch >> 8];
  // movq mm1, [scratch], through SS in real mode
  if (long) a.db(0x0f, 0x6f, 0x0c, 0x25, low, high, 0, 0);
  else a.db(0x36, 0x0f, 0x6f, 0x0e, low, high);
}

/** Vectors, selectors and what else stores or loads now and then. */
export const rareAccess: Template = (place) => {
  const { draw, long } = place;
  const { name, opcode, reg, align = 1 } = draw.pick(rare.filter((one) => long || !one.long));
  const offset = place.offset() & -align;
  const scratch = guestLayout.scratch + 8 * draw.int(0, 4);
  return {
    text: name.replace("M", `[${hex(guestLayout.mmio + offset)}]`),
    emit(a): void {
      if (/mm1/.test(name)) loadVectors(a, place, scratch);
      a.mov(register(a, long ? "rbx" : "bx"), BigInt(long ? guestLayout.mmio + offset : offset));
      a.db(...opcode, reg << 3 | (long ? 3 : 7));
    },
  };
};

/** Shifts by CL and multiplications; of their flags CF alone is defined, and kept in EAX. */
export const rareArithmetic: Template = (place) => {
  const name = place.draw.pick(["shl", "rcr", "ror", "mul", "imul"] as const);
  const isProduct = name === "mul" || name === "imul";
  const by = place.draw.int(1, 7);
  return withMemory(name, size, () => ({
    text: isProduct ? "M" : `M, ${by} in cl`,
    emit(a, at): void {
      if (isProduct) a[name](at);
      else {
        a.mov(a.cl, by);
        a[name](at, a.cl);
      }
      a.adc(a.eax, 0);
    },
  }))(place);
};

/** A stack at the devices that something else than PUSH pushes on: CALL, ENTER. */
export const rareStack: Template = (place) => {
  const offset = place.offset(), call = place.draw.oneIn(2);
  if (!place.long) {
    const at = operand(place, offset);
    return { text: `fnstcw ${at.text}`, emit: (a) => (at.point(a), a.fnstcw(at.of(a, 2))) };
  }
  return {
    text: `${call ? "call" : "enter"} at ${hex(guestLayout.mmio + offset)}`,
    emit(a): void {
      a.mov(a.rbp, 0x1234);
      a.mov(a.rsp, BigInt(guestLayout.mmio + offset + 8));
      if (call) a.db(0xe8, 0, 0, 0, 0);
      else a.enter(8);
      a.mov(a.rsp, BigInt(guestLayout.stackTop));
    },
  };
};
