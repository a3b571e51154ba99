/**
 * Instructions that are rare at a doorbell: loads, vectors, x87, stacks, ports, and those that KVM's emulator refuses.
 *
 * @module
 */
import { guestLayout } from "@ioeventfd/conform";
import { hex } from "@ioeventfd/uapi";
import type { Assembler } from "@ioeventfd/vmx-sim";
import {
  accumulators,
  ACROSS,
  allSizes,
  ANSWER,
  bothModes,
  counters,
  form,
  type FormPlace,
  type FormSize,
  type GuestForm,
  longMode,
  operand,
  pointers,
  PORT,
  portString,
  sized,
  wideRegister,
  WITHIN,
} from "./guest_form.ts";

const RAM: number = guestLayout.scratch;
const VALUE = 0x1122_3344;

/** Opcode bytes, and ModRM for the operand that `operand` points BX or RBX at. */
function raw(a: Assembler, { long }: FormPlace, opcode: readonly number[], reg: number): void {
  a.db(...opcode, reg << 3 | (long ? 3 : 7));
}

/** A form given as bytes. */
function bytes(
  insn: string,
  tag: string,
  opcode: readonly number[],
  reg: number,
  modes: readonly ("real16" | "long0")[] = bothModes,
  prepare: (a: Assembler) => void = () => {},
): GuestForm {
  return form(insn, tag, 4, (a, _, place) => {
    prepare(a);
    raw(a, place, opcode, reg);
  }, modes);
}

const readers = [
  ...sized(
    allSizes,
    (size) =>
      form(`mov ${accumulators[size]}, ${pointers[size]} [A]`, "mov-load", size, (a, from) => {
        a.mov(a[accumulators[size]], from);
      }),
  ),
  form("cmp dword [A], 1", "cmp-load", 4, (a, from) => a.cmp(from, 1)),
  form("test word [A], 1", "test-load", 2, (a, from) => a.test(from, 1)),
  form("movzx ecx, word [A]", "movzx-load", 2, (a, from) => a.movzx(a.ecx, from)),
  form("movsx ecx, byte [A]", "movsx-load", 1, (a, from) => a.movsx(a.ecx, from)),
  form("bt dword [A], 3", "bt-load", 4, (a, from) => a.bt(from, 3)),
  bytes("mov ss, word [A]", "mov-sreg-load", [0x8e], 2),
  bytes("call [A]", "call-indirect", [0xff], 2, longMode),
  bytes("movq mm0, [A]", "mmx-movq-load-8", [0x0f, 0x6f], 0),
  bytes("movups xmm0, [A]", "sse-movups-load-16", [0x0f, 0x10], 0),
];

const touchers = [
  bytes("lea ax, [A]", "lea", [0x8d], 0),
  bytes("prefetcht0 [A]", "prefetcht0", [0x0f, 0x18], 1),
  bytes("clflush [A]", "clflush", [0x0f, 0xae], 7),
  bytes("invlpg [A]", "invlpg", [0x0f, 0x01], 7, longMode),
];

const readModifyWrites = [
  ...sized(
    [1, 4],
    (size) =>
      form(`or ${pointers[size]} [A], ${counters[size]}`, "or-reg", size, (a, to) => {
        a.mov(a[counters[size]], VALUE & (size === 1 ? 0x7f : -1));
        a.or(to, a[counters[size]]);
      }),
  ),
  form("inc dword [A]", "inc", 4, (a, to) => a.inc(to)),
  form("neg word [A]", "neg", 2, (a, to) => a.neg(to)),
  form("shl qword [A], 1", "shl1", 8, (a, to) => a.shl(to, 1)),
  form("sbb byte [A], 5", "sbb", 1, (a, to) => {
    a.stc();
    a.sbb(to, 5);
  }),
  bytes("shld dword [A], ecx, 1", "shld", [0x0f, 0xa5], 1, bothModes, (a) => {
    a.mov(a.ecx, 0x8000_0001);
  }),
  ...([2, 8] as const).map((size) =>
    form(`lock cmpxchg ${pointers[size]} [A], ${counters[size]}`, "lock-cmpxchg", size, (a, to) => {
      a.mov(a[accumulators[size]], BigInt.asUintN(8 * size, ANSWER));
      a.mov(a[counters[size]], 9);
      a.lock();
      a.cmpxchg(to, a[counters[size]]);
    })
  ),
  ...([false, true] as const).map((lock): GuestForm => ({
    insn: `${lock ? "lock " : ""}cmpxchg8b [A]`,
    tag: `${lock ? "lock-" : ""}cmpxchg8b-equal`,
    modes: bothModes,
    offsets: [WITHIN, ACROSS],
    emit(a, place): void {
      // EBX is part of the new value, so A is in DI.
      const at = wideRegister(a, place, "di");
      a.mov(a.eax, 0x5566_7788);
      a.mov(a.edx, 0x1122_3344);
      a.mov(a.ebx, 0x0badcafe);
      a.mov(a.ecx, 7);
      a.mov(at, place.at);
      if (lock) a.lock();
      a.cmpxchg8b(a.qword(at));
    },
  })),
  bytes("cmpxchg16b [A]", "cmpxchg16b", [0x48, 0x0f, 0xc7], 1, longMode),
];

/** XMM1 and MM1 from RAM, through SS in real mode, where DS is MMIO. */
function loadVectors(a: Assembler, place: FormPlace): void {
  const from = place.long ? a.ptr(RAM) : a.ptr(RAM, { segment: a.ss });
  a.movups(a.xmm1, from);
  if (place.long) a.db(0x0f, 0x6f, 0x0c, 0x25, RAM & 0xff, RAM >> 8, 0, 0);
  else a.db(0x36, 0x0f, 0x6f, 0x0e, RAM & 0xff, RAM >> 8);
}

function vector(insn: string, bytesWide: number, opcode: readonly number[]): GuestForm {
  const mmx = insn.startsWith("mmx");
  return {
    insn: `${insn.replace("mmx ", "")} [A], ${mmx ? "mm1" : "xmm1"}`,
    tag: `${mmx ? insn.replace(" ", "-") : `sse-${insn}`}-${bytesWide}`,
    modes: bothModes,
    offsets: bytesWide === 16 ? [WITHIN, 0xff4] : [WITHIN],
    emit(a, place): void {
      loadVectors(a, place);
      operand(a, place, 8);
      raw(a, place, opcode, 1);
    },
  };
}

const vectors = [
  vector("movaps", 16, [0x0f, 0x29]),
  vector("movupd", 16, [0x66, 0x0f, 0x11]),
  vector("movdqa", 16, [0x66, 0x0f, 0x7f]),
  vector("movdqu", 16, [0xf3, 0x0f, 0x7f]),
  vector("movntps", 16, [0x0f, 0x2b]),
  vector("movntdq", 16, [0x66, 0x0f, 0xe7]),
  vector("mmx movq", 8, [0x0f, 0x7f]),
  // From here on those that KVM's emulator refuses.
  vector("mmx movd", 4, [0x0f, 0x7e]),
  vector("movq", 8, [0x66, 0x0f, 0xd6]),
  vector("movlps", 8, [0x0f, 0x13]),
  vector("movss", 4, [0xf3, 0x0f, 0x11]),
];

const start = (a: Assembler): void => a.fninit();
const one = (a: Assembler): void => {
  a.fninit();
  a.db(0xd9, 0xe8);
};

const fpu = [
  bytes("fnstcw [A]", "fnstcw", [0xd9], 7, bothModes, start),
  bytes("fnstsw [A]", "fnstsw", [0xdd], 7, bothModes, start),
  bytes("fst dword [A]", "fst-4", [0xd9], 2, bothModes, one),
  bytes("fistp qword [A]", "fistp-8", [0xdf], 7, bothModes, one),
  bytes("fnsave [A]", "fnsave", [0xdd], 6, longMode),
  bytes("stmxcsr [A]", "stmxcsr", [0x0f, 0xae], 3),
  bytes("fxsave [A]", "fxsave", [0x0f, 0xae], 0, longMode),
];

const system = [
  bytes("mov word [A], ss", "mov-sreg", [0x8c], 2),
  bytes("mov qword [A], ss", "mov-sreg-64", [0x48, 0x8c], 2, longMode),
  bytes("smsw [A]", "smsw", [0x0f, 0x01], 4),
  bytes("str [A]", "str", [0x0f, 0x00], 1, longMode),
  port("ud2", "ud2", (a) => a.ud2()),
];

/** RSP at A + 8, so that what is pushed begins at A. */
function pushing(insn: string, tag: string, push: (a: Assembler) => void): GuestForm {
  return {
    insn,
    tag,
    modes: longMode,
    offsets: [WITHIN],
    emit(a, { at }): void {
      a.mov(a.rax, VALUE);
      a.mov(a.rsp, at + 8n);
      push(a);
      a.mov(a.rsp, guestLayout.stackTop);
    },
  };
}

const stacks: readonly GuestForm[] = [
  pushing("push 0x55", "push-imm", (a) => a.push(0x55)),
  pushing("push ax", "push-16", (a) => a.db(0x66, 0x50)),
  pushing("pushfq", "pushf", (a) => a.pushf()),
  pushing("enter 0, 0", "enter", (a) => a.enter(0)),
  pushing("call $+5", "call-near", (a) => a.db(0xe8, 0, 0, 0, 0)),
  {
    insn: "pop rcx",
    tag: "pop-load",
    modes: longMode,
    offsets: [WITHIN],
    emit(a, { at }): void {
      a.mov(a.rsp, at);
      a.pop(a.rcx);
      a.mov(a.rsp, guestLayout.stackTop);
    },
  },
  ...([[2, bothModes], [8, longMode]] as const).map(([size, modes]) =>
    form(`pop ${pointers[size]} [A]`, "pop-mem", size, (a, to, place) => {
      a.mov(place.long ? a.rsp : a.sp, RAM);
      a.pop(to);
    }, modes.filter((mode) => (mode === "long0") === (size === 8)))
  ),
];

function string(name: "lods" | "movs", size: 1 | 4, repeat: number): GuestForm {
  return {
    insn: `${repeat > 0 ? `rep${repeat} ` : ""}${name} ${pointers[size]} from A`,
    tag: name === "lods" ? "lods" : "movs-to-ram",
    modes: bothModes,
    offsets: [WITHIN, ACROSS],
    emit(a, place): void {
      a.mov(wideRegister(a, place, "si"), place.at);
      // ES is MMIO as well, in real mode: there it goes from MMIO to MMIO.
      a.mov(wideRegister(a, place, "di"), place.long ? BigInt(RAM) : place.at + 0x100n);
      if (repeat > 0) {
        a.mov(wideRegister(a, place, "cx"), repeat);
        a.rep();
      }
      a[name](size);
    },
  };
}

function port(insn: string, tag: string, emit: (a: Assembler) => void): GuestForm {
  return { insn, tag, modes: bothModes, offsets: [WITHIN], emit };
}

function outTo(number: number, size: Exclude<FormSize, 8>): GuestForm {
  const from = accumulators[size];
  return port(`out ${hex(number)}, ${from}`, "out-imm8-or-far", (a) => {
    a.mov(a.eax, VALUE);
    if (number < 0x100) return a.out(number, a[from]);
    a.mov(a.dx, number);
    a.out(a.dx, a[from]);
  });
}

const ports: readonly GuestForm[] = [
  ...([1, 2, 4] as const).map((size) =>
    port(`in ${accumulators[size]}, dx`, "in", (a) => {
      a.mov(a.dx, PORT);
      a.in(a[accumulators[size]], a.dx);
    })
  ),
  outTo(0x80, 1),
  outTo(0x80, 4),
  outTo(0x511, 2),
  outTo(0xffff, 1),
  portString("outs", 4, 0),
  portString("ins", 2, 0),
  portString("ins", 1, 3),
];

/** Ways to touch memory and ports that a driver hardly takes. */
export const guestRareForms: readonly GuestForm[] = [
  ...readers,
  ...touchers,
  ...readModifyWrites,
  ...vectors,
  ...fpu,
  ...system,
  ...stacks,
  string("lods", 4, 0),
  string("movs", 1, 3),
  string("movs", 4, 0),
  ...ports,
];
