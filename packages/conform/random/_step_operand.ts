import { hex } from "@ioeventfd/uapi";
import type { Assembler, Memory } from "@ioeventfd/vmx-sim";
import { guestLayout } from "../guest_machine.ts";
import type { StepPlace, Template } from "./_guest_step.ts";
import { register, type Size } from "./_step_registers.ts";

/** A memory operand, and the code that points its registers at it. */
export interface Operand {
  readonly text: string;
  point(a: Assembler): void;
  of(a: Assembler, bytes: number): Memory;
}

function pointed(a: Assembler, bytes: number): Assembler["ptr"] {
  const by = { 1: a.byte, 2: a.word, 4: a.dword, 8: a.qword }[bytes] ?? a.ptr;
  return by.bind(a);
}

/** An operand in MMIO, reached by one of the ways of addressing. */
export function operand(place: StepPlace, offset: number = place.offset()): Operand {
  const { draw, long } = place;
  const disp = draw.pick([0, 0, 8, -8, 0x100]);
  const address = long ? BigInt(guestLayout.mmio + offset) : BigInt(offset);
  const shown = hex(guestLayout.mmio + offset);
  const base = long ? "rbx" : "bx", index = long ? "rsi" : "si";
  if (!long && draw.oneIn(4)) {
    return { text: `[${shown}]`, point: () => {}, of: (a, n) => pointed(a, n)(offset) };
  }
  const scale = draw.pick([0, 0, 1, 2] as const);
  const scaled = long || scale !== 2 ? scale : 1;
  const steps = scaled === 0 ? 0 : draw.int(0, 3);
  return {
    text: `[${shown}]`,
    point: (a) => {
      const start = address - BigInt(disp + scaled * steps);
      a.mov(register(a, base), BigInt.asUintN(long ? 64 : 16, start));
      if (scaled !== 0) a.mov(register(a, index), steps);
    },
    of: (a, n) => {
      const rest = scaled === 0
        ? { disp }
        : { disp, index: register(a, index), scale: scaled as 1 | 2 };
      return pointed(a, n)(register(a, base), rest);
    },
  };
}

/** One instruction with a memory operand of some size. */
export function withMemory(
  name: string,
  sizes: (place: StepPlace) => Size,
  body: (place: StepPlace, bytes: Size) => {
    readonly text: string;
    emit(a: Assembler, at: Memory): void;
  },
): Template {
  return (place) => {
    const bytes = sizes(place), at = operand(place);
    const { text, emit } = body(place, bytes);
    return {
      text: `${name} ${text.replace("M", `${bytes} bytes ${at.text}`)}`,
      emit(a): void {
        at.point(a);
        emit(a, at.of(a, bytes));
      },
    };
  };
}
