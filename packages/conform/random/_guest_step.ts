import type { Assembler, Memory, Register } from "@ioeventfd/vmx-sim";
import { guestLayout } from "../guest_machine.ts";
import type { Draw } from "./draw.ts";

/** Some instructions that do one thing, with what they need set up first. */
export interface GuestStep {
  /** As people read it. */
  readonly text: string;
  /** Appends them. */
  emit(a: Assembler): void;
}

/** Where a guest's steps go. */
export interface StepPlace {
  readonly draw: Draw;
  readonly long: boolean;
  /** ES is where DS is, in real mode. */
  readonly esIsMmio: boolean;
  /** An address near the others, from the start of MMIO. */
  offset(): number;
  /** A port near the others. */
  port(): number;
  /** A value that a registration may match. */
  value(): bigint;
}

type Size = 1 | 2 | 4 | 8;

const general: Readonly<Record<Size, readonly string[]>> = {
  1: ["al", "cl", "dl", "ah", "ch", "dh"],
  2: ["ax", "cx", "dx", "di", "bp"],
  4: ["eax", "ecx", "edx", "edi", "ebp"],
  8: ["rax", "rcx", "rdx", "rdi", "rbp"],
};
const extended: Readonly<Record<Size, readonly string[]>> = {
  1: ["r8b", "r9b", "r15b", "dil"],
  2: ["r8w", "r9w", "r15w"],
  4: ["r8d", "r9d", "r15d"],
  8: ["r8", "r9", "r15"],
};
const accumulators: Readonly<Record<Size, string>> = { 1: "al", 2: "ax", 4: "eax", 8: "rax" };
const conditions = ["z", "nz", "b", "ae", "s", "ns", "l", "ge", "o", "p"] as const;

function register(a: Assembler, name: string): Register {
  return (a as unknown as Record<string, Register>)[name]!;
}

function size(place: StepPlace): Size {
  return place.draw.pick(place.long ? [1, 2, 4, 8] as const : [1, 1, 2, 2, 4] as const);
}

function wide(place: StepPlace): Size {
  return place.draw.pick(place.long ? [2, 4, 8] as const : [2, 2, 4] as const);
}

function data(place: StepPlace, bytes: Size): string {
  const { draw, long } = place;
  return draw.pick(long && draw.oneIn(3) ? extended[bytes] : general[bytes]);
}

/** A memory operand, and the code that points its registers at it. */
interface Operand {
  readonly text: string;
  point(a: Assembler): void;
  of(a: Assembler, bytes: number): Memory;
}

function pointed(a: Assembler, bytes: number): Assembler["ptr"] {
  const by = { 1: a.byte, 2: a.word, 4: a.dword, 8: a.qword }[bytes] ?? a.ptr;
  return by.bind(a);
}

/** An operand in MMIO, reached by one of the ways of addressing. */
function operand(place: StepPlace, offset: number = place.offset()): Operand {
  const { draw, long } = place;
  const disp = draw.pick([0, 0, 8, -8, 0x100]);
  const address = long ? BigInt(guestLayout.mmio + offset) : BigInt(offset);
  const shown = `0x${(guestLayout.mmio + offset).toString(16)}`;
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

/** Keeps CF in EAX, after an instruction that leaves other flags undefined, so that CPUs may differ in them. */
function settleFlags(a: Assembler): void {
  a.adc(a.eax, 0);
}

type Template = (place: StepPlace) => GuestStep;

/** One instruction with a memory operand of some size. */
function withMemory(
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

const twoOperands = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "mov"] as const;
const exchanges = ["xchg", "xadd", "cmpxchg"] as const;
const unaries = ["inc", "dec", "not", "neg"] as const;
const shifts = ["shl", "shr", "sar", "rol", "ror", "rcl", "rcr"] as const;
const bits = ["bt", "bts", "btr", "btc"] as const;
const lockable: ReadonlySet<string> = new Set(["add", "or", "adc", "sbb", "and", "sub", "xor"]);

const store: Template = withMemory("mov", size, (place, bytes) => {
  const from = data(place, bytes);
  return { text: `M, ${from}`, emit: (a, at) => a.mov(at, register(a, from)) };
});

const storeValue: Template = withMemory("mov", size, (place, bytes) => {
  const value = BigInt.asIntN(bytes === 8 ? 31 : bytes * 8, place.value());
  return { text: `M, ${value}`, emit: (a, at) => a.mov(at, value) };
});

const storeDatum: Template = (place) => {
  const bytes = size(place), at = operand(place), value = place.value();
  const from = accumulators[bytes];
  return {
    text: `mov ${bytes} bytes ${at.text}, 0x${value.toString(16)}`,
    emit(a): void {
      a.mov(register(a, from), BigInt.asUintN(bytes * 8, value));
      at.point(a);
      a.mov(at.of(a, bytes), register(a, from));
    },
  };
};

const arithmetic: Template = (place) => {
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

const exchange: Template = (place) => {
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

const unary: Template = (place) => {
  const name = place.draw.pick(unaries);
  return withMemory(name, size, () => ({ text: "M", emit: (a, at) => a[name](at) }))(place);
};

const shift: Template = (place) => {
  const name = place.draw.pick(shifts), by = place.draw.pick([1, 1, 3, 7]);
  return withMemory(name, size, () => ({
    text: `M, ${by}`,
    emit(a, at): void {
      a[name](at, by);
      if (by > 1) settleFlags(a);
    },
  }))(place);
};

const bit: Template = (place) => {
  const name = place.draw.pick(bits), number = place.draw.int(0, 15);
  return withMemory(name, wide, () => ({
    text: `M, ${number}`,
    emit(a, at): void {
      a[name](at, number);
      settleFlags(a);
    },
  }))(place);
};

const load: Template = (place) => {
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

const setByte: Template = (place) => {
  const condition = place.draw.pick(conditions);
  return withMemory(`set${condition}`, () => 1, () => ({
    text: "M",
    emit: (a, at) => a.set(condition, at),
  }))(place);
};

const cmpxchg8b: Template = withMemory("cmpxchg8b", () => 8, (place) => {
  const lock = place.draw.oneIn(3);
  return {
    text: `${lock ? "lock " : ""}M`,
    emit(a, at): void {
      if (lock) a.lock();
      a.cmpxchg8b(at);
    },
  };
});

const vector: Template = (place) => {
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

/** MOVS, STOS, LODS, SCAS or CMPS, repeated or not, forwards or backwards. */
const string: Template = (place) => {
  const { draw, long, esIsMmio } = place;
  const bytes = draw.pick(long ? [1, 2, 4, 8] as const : [1, 2, 4] as const);
  const name = draw.pick(["movs", "movs", "stos", "stos", "lods", "scas", "cmps"] as const);
  const count = draw.oneIn(2) ? 0 : draw.int(1, 4);
  const backwards = draw.oneIn(5);
  const there = place.offset(), other = place.offset();
  const fromRam = draw.oneIn(2);
  const ram = guestLayout.scratch + 8;
  return {
    text: `${backwards ? "std, " : ""}${count > 0 ? `rep${count} ` : ""}${name} ${bytes} bytes ` +
      `0x${(guestLayout.mmio + there).toString(16)}${fromRam ? " with RAM" : ""}`,
    emit(a): void {
      const source = register(a, long ? "rsi" : "si"), target = register(a, long ? "rdi" : "di");
      const mmio = (offset: number): bigint => BigInt(long ? guestLayout.mmio + offset : offset);
      // In real mode DS is MMIO and SS is RAM; ES is one or the other.
      const reads = name === "movs" || name === "lods" || name === "cmps";
      a.mov(source, reads && fromRam ? BigInt(ram) : mmio(other));
      a.mov(target, long || esIsMmio ? mmio(there) : BigInt(ram));
      if (count > 0) a.mov(register(a, long ? "rcx" : "cx"), count);
      if (backwards) a.std();
      if (!long && reads && fromRam) a.db(0x36);
      if (count > 0) a.rep();
      a[name](bytes as 1);
      if (backwards) a.cld();
    },
  };
};

const port: Template = (place) => {
  const bytes = place.draw.pick([1, 2, 4] as const), number = place.port(), value = place.value();
  const input = place.draw.oneIn(3), short = number < 256 && place.draw.oneIn(2);
  const accumulator = accumulators[bytes];
  return {
    text: `${input ? "in" : "out"} ${bytes} bytes port 0x${number.toString(16)}`,
    emit(a): void {
      if (!input) a.mov(register(a, accumulator), BigInt.asUintN(bytes * 8, value));
      if (!short) a.mov(a.dx, number);
      const where = short ? number : a.dx;
      if (input) a.in(register(a, accumulator), where);
      else a.out(where, register(a, accumulator));
    },
  };
};

const portString: Template = (place) => {
  const { draw, long, esIsMmio } = place;
  const bytes = draw.pick([1, 2, 4] as const), number = place.port();
  const input = draw.oneIn(3), count = draw.oneIn(2) ? 0 : draw.int(1, 4);
  const there = place.offset(), intoRam = draw.oneIn(2);
  const ram = guestLayout.scratch + 8;
  return {
    text: `${count > 0 ? `rep${count} ` : ""}${input ? "ins" : "outs"} ${bytes} bytes ` +
      `port 0x${number.toString(16)}`,
    emit(a): void {
      const mmio = BigInt(long ? guestLayout.mmio + there : there);
      const target = (long ? intoRam : !esIsMmio) ? BigInt(ram) : mmio;
      a.mov(a.dx, number);
      if (count > 0) a.mov(register(a, long ? "rcx" : "cx"), count);
      if (input) a.mov(register(a, long ? "rdi" : "di"), target);
      else a.mov(register(a, long ? "rsi" : "si"), BigInt(ram));
      if (!input && !long) a.db(0x36);
      if (count > 0) a.rep();
      if (input) a.ins(bytes);
      else a.outs(bytes);
    },
  };
};

/** PUSH onto a stack in MMIO, or POP into MMIO from one in RAM. */
const stack: Template = (place) => {
  const { draw, long } = place;
  const at = operand(place), offset = place.offset();
  const pop = !long || draw.oneIn(2), bytes = long ? 8 : 2;
  const from = draw.pick(long ? ["rax", "rcx", "r8"] : ["ax", "cx"]);
  return {
    text: pop ? `pop ${at.text}` : `push ${from} at 0x${(guestLayout.mmio + offset).toString(16)}`,
    emit(a): void {
      if (pop) {
        a.push(register(a, from));
        at.point(a);
        a.pop(at.of(a, bytes));
        return;
      }
      a.mov(a.rsp, BigInt(guestLayout.mmio + offset + 8));
      a.push(register(a, from));
      a.mov(a.rsp, BigInt(guestLayout.stackTop));
    },
  };
};

/** A register set to something, or two combined. */
const registers: Template = (place) => {
  const bytes = size(place), to = data(place, bytes), from = data(place, bytes);
  const name = place.draw.pick(twoOperands), value = place.value();
  const mixed = bytes === 1 && (/h$/.test(to) !== /h$/.test(from));
  const immediate = mixed || place.draw.oneIn(2);
  const operation = immediate ? "mov" : name;
  return {
    text: `${operation} ${to}, ${immediate ? `0x${value.toString(16)}` : from}`,
    emit(a): void {
      const source = immediate ? BigInt.asUintN(bytes * 8, value) : register(a, from);
      a[operation](register(a, to), source);
    },
  };
};

const odd: Template = (place) => {
  const name = place.draw.pick(["fnstcw", "fnstsw", "smsw", "clflush", "prefetch", "lea"] as const);
  return withMemory(name, () => name === "lea" ? place.long ? 8 : 4 : 2, () => ({
    text: "M",
    emit: (a, at) => name === "lea" ? a.lea(place.long ? a.rdx : a.edx, at) : a[name](at),
  }))(place);
};

/** Templates, the frequent ones several times. */
export const guestSteps: readonly Template[] = [
  store,
  store,
  storeDatum,
  storeDatum,
  storeDatum,
  storeValue,
  storeValue,
  arithmetic,
  arithmetic,
  arithmetic,
  exchange,
  exchange,
  unary,
  shift,
  bit,
  load,
  setByte,
  cmpxchg8b,
  vector,
  string,
  string,
  port,
  port,
  port,
  portString,
  stack,
  registers,
  registers,
  registers,
  odd,
];
