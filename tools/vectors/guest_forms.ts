/**
 * Instructions that store, and the code that sets each up.
 *
 * @module
 */
import { guestLayout } from "@ioeventfd/conform";
import {
  accumulators,
  ACROSS,
  allSizes,
  ANSWER,
  bothModes,
  counters,
  form,
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

const VALUE = 0x1122_3344_5566_7788n;

const stores = [
  ...sized(
    allSizes,
    (size) =>
      form(`mov ${pointers[size]} [A], ${accumulators[size]}`, "mov-store", size, (a, to) => {
        a.mov(a[accumulators[size]], BigInt.asUintN(size * 8, VALUE));
        a.mov(to, a[accumulators[size]]);
      }),
  ),
  ...sized(
    allSizes,
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
    allSizes,
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
  form("cmpxchg8b [A]", "cmpxchg8b-unequal", 8, (a, to) => a.cmpxchg8b(to), bothModes),
];

function string(name: "stos" | "movs", size: 1 | 2 | 4, repeat: number): GuestForm {
  const rep = repeat > 0;
  return {
    insn: `${rep ? `rep${repeat} ` : ""}${name} ${pointers[size]}`,
    tag: rep ? `rep-${name}` : name,
    modes: bothModes,
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
    modes: bothModes,
    offsets: [WITHIN],
    emit(a): void {
      a.mov(a.eax, 0x1122_3344);
      a.mov(a.dx, PORT);
      a.out(a.dx, a[accumulators[size]]);
    },
  };
}

const wide: GuestForm = {
  insn: "movups [A], xmm1",
  tag: "sse-movups-16",
  modes: bothModes,
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
  modes: longMode,
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
  portString("outs", 1, 3),
  portString("outs", 2, 2),
];
