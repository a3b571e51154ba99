/**
 * Histories: everything that can be done to the VMs of a process, one step after the other, with what came of it.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { OtherFile, Registration } from "@ioeventfd/uapi";
import type { Outcome } from "./outcome.ts";

/** Descriptors that are numbers rather than made: none of them is open. */
export type OddDescriptor = "minus1" | "int_max" | "int_min";

/** A descriptor: the number of one made in the history, open or closed by then, or an odd one. */
export type DescriptorName = number | OddDescriptor;

/** A coalesced write as the ring has it. */
export interface RingEntry {
  /** Guest physical address or port (u64). */
  readonly addr: bigint;
  /** Bytes. */
  readonly len: number;
  /** 1 for a port. */
  readonly pio: number;
  /** Value, its low `len` bytes (u64). */
  readonly data: bigint;
}

/** Makes an eventfd, which is called number `fd` from now on. */
export interface EventfdOp {
  /** Discriminant. */
  readonly op: "eventfd";
  /** Its number in this history. */
  readonly fd: number;
  /** Counter at first (u32). */
  readonly initial: number;
  /** `EFD_*`. */
  readonly flags: number;
}

/** Opens a descriptor of another kind. */
export interface OpenOp {
  /** Discriminant. */
  readonly op: "open";
  /** Its number in this history. */
  readonly fd: number;
  /** What it is. */
  readonly kind: OtherFile;
}

/** dup(2). */
export interface DupOp {
  /** Discriminant. */
  readonly op: "dup";
  /** Number of the copy in this history. */
  readonly fd: number;
  /** What is copied. */
  readonly of: number;
}

/** close(2), read(2) of 8 bytes, poll(2) for input and output, or the counter from fdinfo. */
export interface DescriptorOp {
  /** Discriminant. */
  readonly op: "close" | "read" | "poll" | "count";
  /** Which. */
  readonly fd: number;
}

/** write(2) of 8 bytes. */
export interface AddOp {
  /** Discriminant. */
  readonly op: "add";
  /** Which. */
  readonly fd: number;
  /** What is added (u64). */
  readonly value: bigint;
}

/** `KVM_IOEVENTFD`, to assign or, where `flags` has DEASSIGN, to take away. */
export interface IoeventfdOp extends Registration {
  /** Discriminant. */
  readonly op: "ioeventfd";
  /** Number of the VM, from 0. */
  readonly vm: number;
  /** Which descriptor. */
  readonly fd: DescriptorName;
}

/** A store or OUT by the guest, once or several times. */
export interface WriteOp {
  /** Discriminant. */
  readonly op: "write";
  /** Number of the VM. */
  readonly vm: number;
  /** Address space. */
  readonly bus: "mmio" | "pio";
  /** Guest physical address or port (u64). */
  readonly addr: bigint;
  /** Bytes. */
  readonly len: number;
  /** What is written, its low `len` bytes (u64). */
  readonly value: bigint;
  /** How often. */
  readonly times: number;
}

/** `KVM_REGISTER_COALESCED_MMIO`, or its opposite. */
export interface ZoneOp {
  /** Discriminant. */
  readonly op: "zone" | "unzone";
  /** Number of the VM. */
  readonly vm: number;
  /** First address or port (u64). */
  readonly addr: bigint;
  /** Bytes (u32). */
  readonly size: number;
  /** 1 for ports; neither 0 nor 1 is refused (u32). */
  readonly pio: number;
}

/** `KVM_SET_USER_MEMORY_REGION`; size 0 deletes. */
export interface SlotOp {
  /** Discriminant. */
  readonly op: "slot";
  /** Number of the VM. */
  readonly vm: number;
  /** Slot id. */
  readonly slot: number;
  /** `KVM_MEM_*`. */
  readonly flags: number;
  /** First guest physical address (u64). */
  readonly gpa: bigint;
  /** Bytes (u64). */
  readonly size: bigint;
  /** Which page of the process's memory backs its first. */
  readonly page: number;
}

/** Reads 8 bytes of the memory that slots are made of. */
export interface PeekOp {
  /** Discriminant. */
  readonly op: "peek";
  /** Which page of the process's memory. */
  readonly page: number;
  /** Offset within the page. */
  readonly offset: number;
}

/** Takes what is in the ring, makes interrupt controllers, or closes the VM. */
export interface VmOp {
  /** Discriminant: `irqchip` PIC, IOAPIC and LAPICs; `split` LAPICs alone; `pit`, `speaker` with port 0x61. */
  readonly op: "ring" | "irqchip" | "split" | "pit" | "speaker" | "destroy";
  /** Number of the VM. */
  readonly vm: number;
}

/** One thing done. */
export type HistoryOp =
  | EventfdOp
  | OpenOp
  | DupOp
  | DescriptorOp
  | AddOp
  | IoeventfdOp
  | WriteOp
  | ZoneOp
  | SlotOp
  | PeekOp
  | VmOp;

/** What came of it: an errno; of `read`, `count` and `peek` a value; of the others what they tell. */
export type HistoryResult =
  | { readonly errno: Outcome }
  | { readonly value: bigint }
  /** POLLIN 1, POLLOUT 4, POLLERR 8, POLLNVAL 32. */
  | { readonly mask: number }
  /** How many of the writes KVM took: no exit to userspace. */
  | { readonly taken: number }
  | { readonly entries: readonly RingEntry[] };

/** A step: what is done, and what came of it. */
export interface HistoryStep {
  /** What is done. */
  readonly does: HistoryOp;
  /** What came of it. */
  readonly gives: HistoryResult;
}

/** A result in a few words, equal for equal results: `EEXIST`, `ok`, `0x3`, `poll 0x5`, `1 taken`. */
export function showResult(result: HistoryResult): string {
  if ("errno" in result) return result.errno ?? "ok";
  if ("value" in result) return hex(result.value);
  if ("mask" in result) return `poll ${hex(result.mask)}`;
  if ("taken" in result) return `${result.taken} taken`;
  const entries = result.entries.map(({ addr, len, pio, data }) =>
    `${pio === 1 ? "pio" : "mmio"} ${hex(addr)} len ${len} ${hex(data)}`
  );
  return entries.length === 0 ? "ring empty" : entries.join(", ");
}
