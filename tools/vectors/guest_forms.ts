/**
 * Instructions that store, and the code that sets each up.
 *
 * @module
 */
import { guestLayout } from "@ioeventfd/conform";
import type { Assembler, Memory, Register } from "@ioeventfd/vmx-sim";

/** Where a form's operand is. */
export interface FormPlace {
  /** 64-bit mode. */
  readonly long: boolean;
  /** Its address, from the start of the segment. */
  readonly at: bigint;
}

/** One way to store. */
export interface GuestForm {
  /** As people read it; A is the operand's address. */
  readonly insn: string;
  /** Kind of instruction. */
  readonly tag: string;
  /** Modes it is tried in. */
  readonly modes: readonly ("real16" | "long0")[];
  /** Addresses of its operand, from the start of MMIO: within a page, and across two. */
  readonly offsets: readonly number[];
  /** Appends it. */
  emit(a: Assembler, place: FormPlace): void;
}

const both = ["real16", "long0"] as const, long = ["long0"] as const;
const WITHIN = 0x40, ACROSS = 0xfff;
const ANSWER = 0x1122_3344_5566_7788n;
type Size = 1 | 2 | 4 | 8;

const accumulators = { 1: "al", 2: "ax", 4: "eax", 8: "rax" } as const;
const counters = { 1: "cl", 2: "cx", 4: "ecx", 8: "rcx" } as const;
const pointers = { 1: "byte", 2: "word", 4: "dword", 8: "qword" } as const;

function modesOf(size: Size): readonly ("real16" | "long0")[] {
  return size === 8 ? long : both;
}

function wideRegister(a: Assembler, place: FormPlace, name: "bx" | "si" | "di" | "cx"): Register {
  return place.long ? a[`r${name}`] : a[name];
}

/** The operand at A, with BX or RBX pointed at it. */
function operand(a: Assembler, place: FormPlace, size: Size): Memory {
  const base = wideRegister(a, place, "bx");
  a.mov(base, place.at);
  return a[pointers[size]](base);
}

function form(
  insn: string,
  tag: string,
  size: Size,
  body: (a: Assembler, to: Memory) => void,
  modes: readonly ("real16" | "long0")[] = modesOf(size),
): GuestForm {
  return {
    insn,
    tag,
    modes,
    offsets: size === 1 ? [WITHIN] : [WITHIN, ACROSS],
    emit: (a, place) => body(a, operand(a, place, size)),
  };
}

function sized(sizes: readonly Size[], of: (size: Size) => GuestForm): GuestForm[] {
  return sizes.map(of);
}

const all = [1, 2, 4, 8] as const;
const VALUE = 0x1122_3344_5566_7788n;

const stores = [
  ...sized(
    all,
    (size) =>
      form(`mov ${pointers[size]} [A], ${accumulators[size]}`, "mov-store", size, (a, to) => {
        a.mov(a[accumulators[size]], BigInt.asUintN(size * 8, VALUE));
        a.mov(to, a[accumulators[size]]);
      }),
  ),
  ...sized(
    all,
    (size) =>
      form(`mov ${pointers[size]} [A], -2`, "mov-imm-store", size, (a, to) => a.mov(to, -2)),
  ),
  ...sized([4, 8], (size) =>
    form(`movnti [A], ${accumulators[size]}`, "movnti", size, (a, to) => {
      a.mov(a[accumulators[size]], BigInt.asUintN(size * 8, VALUE));
      a.movnti(to, a[accumulators[size]]);
    })),
  form("setc byte [A]", "setcc", 1, (a, to) => {
    a.stc();
    a.set("b", to);
  }),
];

const readModifyWrites = [
  ...sized(
    all,
    (size) => form(`add ${pointers[size]} [A], 1`, "add", size, (a, to) => a.add(to, 1)),
  ),
  ...sized(
    [1, 4],
    (size) =>
      form(`lock xor ${pointers[size]} [A], 3`, "lock-xor", size, (a, to) => {
        a.lock();
        a.xor(to, 3);
      }),
  ),
  ...sized([2, 8], (size) => form(`not ${pointers[size]} [A]`, "not", size, (a, to) => a.not(to))),
  ...sized(
    [4],
    (size) => form(`bts ${pointers[size]} [A], 0`, "bts", size, (a, to) => a.bts(to, 0)),
  ),
  ...sized(
    [1, 4, 8],
    (size) =>
      form(`xchg ${pointers[size]} [A], ${counters[size]}`, "xchg", size, (a, to) => {
        a.mov(a[counters[size]], BigInt.asUintN(size * 8, ~VALUE));
        a.xchg(to, a[counters[size]]);
      }),
  ),
  ...sized(
    [2, 8],
    (size) =>
      form(`lock xadd ${pointers[size]} [A], ${counters[size]}`, "lock-xadd", size, (a, to) => {
        a.mov(a[counters[size]], 2);
        a.lock();
        a.xadd(to, a[counters[size]]);
      }),
  ),
  ...([true, false] as const).flatMap((equal) =>
    sized([1, 4, 8], (size) => {
      const tag = `cmpxchg-${equal ? "equal" : "unequal"}`;
      return form(`cmpxchg ${pointers[size]} [A], ${counters[size]}`, tag, size, (a, to) => {
        a.mov(a[accumulators[size]], BigInt.asUintN(size * 8, equal ? ANSWER : 0n));
        a.mov(a[counters[size]], 7);
        a.cmpxchg(to, a[counters[size]]);
      });
    })
  ),
  form("cmpxchg8b [A]", "cmpxchg8b-unequal", 8, (a, to) => a.cmpxchg8b(to), both),
];

function string(name: "stos" | "movs", size: 1 | 2 | 4, repeat: number): GuestForm {
  const rep = repeat > 0;
  return {
    insn: `${rep ? `rep${repeat} ` : ""}${name} ${pointers[size]}`,
    tag: rep ? `rep-${name}` : name,
    modes: both,
    offsets: [WITHIN, ACROSS],
    emit(a, place): void {
      a.mov(a.eax, 0x1122_3344);
      a.mov(wideRegister(a, place, "di"), place.at);
      a.mov(wideRegister(a, place, "si"), guestLayout.scratch);
      if (rep) a.mov(wideRegister(a, place, "cx"), repeat);
      // SS is RAM in real mode, where DS is not.
      if (name === "movs" && !place.long) a.db(0x36);
      if (rep) a.rep();
      a[name](size);
    },
  };
}

function out(size: 1 | 2 | 4): GuestForm {
  return {
    insn: `out dx, ${accumulators[size]}`,
    tag: "out",
    modes: both,
    offsets: [WITHIN],
    emit(a): void {
      a.mov(a.eax, 0x1122_3344);
      a.mov(a.dx, 0x510);
      a.out(a.dx, a[accumulators[size]]);
    },
  };
}

function outs(size: 1 | 2 | 4, repeat: number): GuestForm {
  return {
    insn: `rep${repeat} outs ${pointers[size]}`,
    tag: "rep-outs",
    modes: both,
    offsets: [WITHIN],
    emit(a, place): void {
      a.mov(a.dx, 0x510);
      a.mov(wideRegister(a, place, "si"), guestLayout.scratch);
      a.mov(wideRegister(a, place, "cx"), repeat);
      if (!place.long) a.db(0x36);
      a.rep();
      a.outs(size);
    },
  };
}

const wide: GuestForm = {
  insn: "movups [A], xmm1",
  tag: "sse-movups-16",
  modes: both,
  offsets: [WITHIN, 0xff8, 0xffc],
  emit(a, place): void {
    const from = place.long
      ? a.ptr(guestLayout.scratch)
      : a.ptr(guestLayout.scratch, { segment: a.ss });
    a.movups(a.xmm1, from);
    operand(a, place, 8);
    a.movups(a.ptr(wideRegister(a, place, "bx")), a.xmm1);
  },
};

const push: GuestForm = {
  insn: "push rax at A",
  tag: "push",
  modes: long,
  offsets: [WITHIN, ACROSS],
  emit(a, { at }): void {
    a.mov(a.rax, VALUE);
    a.mov(a.rsp, at + 8n);
    a.push(a.rax);
    a.mov(a.rsp, guestLayout.stackTop);
  },
};

/** Ways to store. */
export const guestForms: readonly GuestForm[] = [
  ...stores,
  ...readModifyWrites,
  string("stos", 1, 3),
  string("stos", 4, 0),
  string("stos", 2, 3),
  string("movs", 1, 3),
  string("movs", 4, 2),
  wide,
  push,
  out(1),
  out(2),
  out(4),
  outs(1, 3),
  outs(2, 2),
];
