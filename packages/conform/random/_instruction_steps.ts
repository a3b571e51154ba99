import { hex } from "@ioeventfd/uapi";
import type { Assembler } from "@ioeventfd/vmx-sim";
import { guestLayout } from "../guest_machine.ts";
import type { Template } from "./_guest_step.ts";
import { operand, withMemory } from "./_step_operand.ts";
import { accumulators, data, register, type Size, size, wide } from "./_step_registers.ts";

const conditions = ["z", "nz", "b", "ae", "s", "ns", "l", "ge", "o", "p"] as const;

const twoOperands = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "mov"] as const;
const exchanges = ["xchg", "xadd", "cmpxchg"] as const;
const unaries = ["inc", "dec", "not", "neg"] as const;
const shifts = ["shl", "shr", "sar", "rol", "ror", "rcl", "rcr"] as const;
const bits = ["bt", "bts", "btr", "btc"] as const;
const lockable: ReadonlySet<string> = new Set(["add", "or", "adc", "sbb", "and", "sub", "xor"]);
/** Keeps CF in EAX, after an instruction that leaves other flags undefined, so that CPUs may differ in them. */
function settleFlags(a: Assembler): void {
  a.adc(a.eax, 0);
}

export const store: Template = withMemory("mov", size, (place, bytes) => {
  const from = data(place, bytes);
  return { text: `M, ${from}`, emit: (a, at) => a.mov(at, register(a, from)) };
});

export const storeValue: Template = withMemory("mov", size, (place, bytes) => {
  const value = BigInt.asIntN(bytes === 8 ? 31 : bytes * 8, place.value());
  return { text: `M, ${value}`, emit: (a, at) => a.mov(at, value) };
});

export const storeDatum: Template = (place) => {
  const bytes = size(place), at = operand(place), value = place.value();
  const from = accumulators[bytes];
  return {
    text: `mov ${bytes} bytes ${at.text}, ${hex(value)}`,
    emit(a): void {
      a.mov(register(a, from), BigInt.asUintN(bytes * 8, value));
      at.point(a);
      a.mov(at.of(a, bytes), register(a, from));
    },
  };
};

export const arithmetic: Template = (place) => {
  const name = place.draw.pick(twoOperands);
  return withMemory(name, size, (_, bytes) => {
    const from = data(place, bytes);
    const lock = lockable.has(name) && place.draw.oneIn(5);
    const load = !lock && place.draw.oneIn(3);
    const value = BigInt.asIntN(bytes === 8 ? 31 : bytes * 8, place.value());
    const immediate = !load && place.draw.oneIn(3);
    const source = immediate ? String(value) : from;
    return {
      text: load ? `${from}, M` : `${lock ? "lock " : ""}M, ${source}`,
      emit(a, at): void {
        if (lock) a.lock();
        if (load) a[name](register(a, from), at);
        else a[name](at, immediate ? value : register(a, from));
      },
    };
  })(place);
};

export const exchange: Template = (place) => {
  const name = place.draw.pick(exchanges);
  return withMemory(name, size, (_, bytes) => {
    const from = data(place, bytes), lock = place.draw.oneIn(4);
    return {
      text: `${lock ? "lock " : ""}M, ${from}`,
      emit(a, at): void {
        if (lock) a.lock();
        a[name](at, register(a, from));
      },
    };
  })(place);
};

export const unary: Template = (place) => {
  const name = place.draw.pick(unaries);
  return withMemory(name, size, () => ({ text: "M", emit: (a, at) => a[name](at) }))(place);
};

export const shift: Template = (place) => {
  const name = place.draw.pick(shifts), by = place.draw.pick([1, 1, 3, 7]);
  return withMemory(name, size, () => ({
    text: `M, ${by}`,
    emit(a, at): void {
      a[name](at, by);
      if (by > 1) settleFlags(a);
    },
  }))(place);
};

export const bit: Template = (place) => {
  const name = place.draw.pick(bits), number = place.draw.int(0, 15);
  return withMemory(name, wide, () => ({
    text: `M, ${number}`,
    emit(a, at): void {
      a[name](at, number);
      settleFlags(a);
    },
  }))(place);
};

export const load: Template = (place) => {
  const name = place.draw.pick(["movzx", "movsx", "test", "cmov", "imul"] as const);
  const narrow = name === "movzx" || name === "movsx";
  const to = data(place, narrow ? 4 : place.long ? 8 : 4);
  const sizes = (): Size => narrow ? place.draw.pick([1, 2] as const) : place.long ? 8 : 4;
  const condition = place.draw.pick(conditions);
  return withMemory(name, sizes, () => ({
    text: `${to}, M`,
    emit(a, at): void {
      if (name === "cmov") a.cmov(condition, register(a, to), at);
      else if (name === "test") a.test(at, 1);
      else a[name](register(a, to), at);
      if (name === "imul") settleFlags(a);
    },
  }))(place);
};

export const setByte: Template = (place) => {
  const condition = place.draw.pick(conditions);
  return withMemory(`set${condition}`, () => 1, () => ({
    text: "M",
    emit: (a, at) => a.set(condition, at),
  }))(place);
};

export const cmpxchg8b: Template = withMemory("cmpxchg8b", () => 8, (place) => {
  const lock = place.draw.oneIn(3);
  return {
    text: `${lock ? "lock " : ""}M`,
    emit(a, at): void {
      if (lock) a.lock();
      a.cmpxchg8b(at);
    },
  };
});

export const vector: Template = (place) => {
  const name = place.draw.pick(["movups", "movdqu", "movaps", "movntps"] as const);
  const offset = name === "movaps" || name === "movntps" ? place.offset() & ~15 : place.offset();
  const at = operand(place, offset);
  const scratch = guestLayout.scratch + 16 * place.draw.int(0, 1);
  return {
    text: `${name} 16 bytes ${at.text}, xmm1`,
    emit(a): void {
      const from = place.long ? a.ptr(scratch) : a.ptr(scratch, { segment: a.ss });
      a.movups(a.xmm1, from);
      at.point(a);
      a[name](at.of(a, 16), a.xmm1);
    },
  };
};

export const odd: Template = (place) => {
  const name = place.draw.pick(["fnstcw", "fnstsw", "smsw", "clflush", "prefetch", "lea"] as const);
  return withMemory(name, () => name === "lea" ? place.long ? 8 : 4 : 2, () => ({
    text: "M",
    emit: (a, at) => name === "lea" ? a.lea(place.long ? a.rdx : a.edx, at) : a[name](at),
  }))(place);
};

/** A register set to something, or two combined. */
export const registers: Template = (place) => {
  const bytes = size(place), to = data(place, bytes), from = data(place, bytes);
  const name = place.draw.pick(twoOperands), value = place.value();
  const mixed = bytes === 1 && (/h$/.test(to) !== /h$/.test(from));
  const immediate = mixed || place.draw.oneIn(2);
  const operation = immediate ? "mov" : name;
  return {
    text: `${operation} ${to}, ${immediate ? hex(value) : from}`,
    emit(a): void {
      const source = immediate ? BigInt.asUintN(bytes * 8, value) : register(a, from);
      a[operation](register(a, to), source);
    },
  };
};
