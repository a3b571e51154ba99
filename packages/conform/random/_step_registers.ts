import type { Assembler, Register } from "@ioeventfd/vmx-sim";
import type { StepPlace } from "./_guest_step.ts";

/** Bytes of a general register. */
export type Size = 1 | 2 | 4 | 8;

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
export const accumulators: Readonly<Record<Size, string>> = {
  1: "al",
  2: "ax",
  4: "eax",
  8: "rax",
};

export function register(a: Assembler, name: string): Register {
  return (a as unknown as Record<string, Register>)[name]!;
}

export function size(place: StepPlace): Size {
  return place.draw.pick(place.long ? [1, 2, 4, 8] as const : [1, 1, 2, 2, 4] as const);
}

export function wide(place: StepPlace): Size {
  return place.draw.pick(place.long ? [2, 4, 8] as const : [2, 2, 4] as const);
}

export function data(place: StepPlace, bytes: Size): string {
  const { draw, long } = place;
  return draw.pick(long && draw.oneIn(3) ? extended[bytes] : general[bytes]);
}
