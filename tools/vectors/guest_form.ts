/**
 * What a way to store or load is, and how forms are made.
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

/** One way to store or load. */
export interface GuestForm {
  /** As people read it; A is the operand's address. */
  readonly insn: string;
  /** Kind of instruction. */
  readonly tag: string;
  /** Modes it is tried in. */
  readonly modes: readonly GuestFormMode[];
  /** Addresses of its operand, from the start of MMIO: within a page, and across two. */
  readonly offsets: readonly number[];
  /** Appends it. */
  emit(a: Assembler, place: FormPlace): void;
}

/** CPU modes of forms. */
export type GuestFormMode = "real16" | "long0";

/** Bytes of an operand. */
export type FormSize = 1 | 2 | 4 | 8;

/** Every size. */
export const allSizes = [1, 2, 4, 8] as const;
/** Both modes. */
export const bothModes = ["real16", "long0"] as const;
/** 64-bit mode alone. */
export const longMode = ["long0"] as const;
/** An operand within a page. */
export const WITHIN = 0x40;
/** An operand of more than one byte that lies in two pages. */
export const ACROSS = 0xfff;
/** What userspace answers to a read of 8 bytes. */
export const ANSWER = 0x1122_3344_5566_7788n;

/** A port with a doorbell. */
export const PORT = 0x510;

/** RAX by size. */
export const accumulators = { 1: "al", 2: "ax", 4: "eax", 8: "rax" } as const;
/** RCX by size. */
export const counters = { 1: "cl", 2: "cx", 4: "ecx", 8: "rcx" } as const;
/** What Intel's syntax calls an operand of a size. */
export const pointers = { 1: "byte", 2: "word", 4: "dword", 8: "qword" } as const;

/** A register as wide as addresses are. */
export function wideRegister(
  a: Assembler,
  place: FormPlace,
  name: "bx" | "si" | "di" | "cx",
): Register {
  return place.long ? a[`r${name}`] : a[name];
}

/** The operand at A, with BX or RBX pointed at it. */
export function operand(a: Assembler, place: FormPlace, size: FormSize): Memory {
  const base = wideRegister(a, place, "bx");
  a.mov(base, place.at);
  return a[pointers[size]](base);
}

/** A form whose one operand in memory is at A. */
export function form(
  insn: string,
  tag: string,
  size: FormSize,
  body: (a: Assembler, to: Memory, place: FormPlace) => void,
  modes: readonly GuestFormMode[] = size === 8 ? longMode : bothModes,
): GuestForm {
  return {
    insn,
    tag,
    modes,
    offsets: size === 1 ? [WITHIN] : [WITHIN, ACROSS],
    emit: (a, place) => body(a, operand(a, place, size), place),
  };
}

/** Forms by size. */
export function sized(
  sizes: readonly FormSize[],
  of: (size: FormSize) => GuestForm,
): GuestForm[] {
  return sizes.map(of);
}

/** The port in DX, and a string's address in RAM or at A. */
export function portString(name: "ins" | "outs", size: 1 | 2 | 4, repeat: number): GuestForm {
  return {
    insn: `${repeat > 0 ? `rep${repeat} ` : ""}${name} ${pointers[size]}`,
    tag: `${repeat > 0 ? "rep-" : ""}${name}`,
    modes: bothModes,
    offsets: [WITHIN],
    emit(a, place): void {
      const { long, at } = place;
      a.mov(a.dx, PORT);
      if (name === "ins") a.mov(wideRegister(a, place, "di"), at);
      else a.mov(wideRegister(a, place, "si"), guestLayout.scratch);
      if (repeat > 0) a.mov(wideRegister(a, place, "cx"), repeat);
      if (name === "outs" && !long) a.db(0x36);
      if (repeat > 0) a.rep();
      a[name](size);
    },
  };
}
