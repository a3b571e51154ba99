/**
 * Conformance vectors: what a kernel was given, and what it did.
 *
 * @module
 */
import type { Registration, Regs } from "@ioeventfd/uapi";
import type { HistoryStep } from "./history.ts";
import type { Outcome } from "./outcome.ts";

/** Kinds of vector. */
export type VectorKind = "register" | "collide" | "bus" | "guest" | "history";

/** Where the answers of a vector come from; one without them was observed, on the kernel that its file speaks of. */
export interface VectorOrigin {
  /** Release of the kernel that answers so, such as `4.4` or `6.18.44`. */
  readonly release?: string;
  /** `derived` from a kernel's source, or `observed` on a running one. */
  readonly provenance?: "observed" | "derived";
  /** What it was derived from: release, file and function. */
  readonly source?: string;
}

/** One `KVM_IOEVENTFD` on a VM that has none. */
export interface RegisterVector extends VectorOrigin {
  /** Discriminant. */
  readonly kind: "register";
  /** Unique within a set. */
  readonly id: string;
  /** `fd` names what descriptor is given: `eventfd`, `closed`, `pipe`, … */
  readonly op: Registration & { readonly fd: string };
  /** What Linux answered. */
  readonly errno: Outcome;
}

/** A second registration after a first that succeeds. */
export interface CollideVector extends VectorOrigin {
  /** Discriminant. */
  readonly kind: "collide";
  /** Unique within a set. */
  readonly id: string;
  /** The one that succeeds. */
  readonly first: Registration;
  /** The one asked about; `fd` says whether it has the eventfd of the first. */
  readonly second: Registration & { readonly fd: "same" | "other" };
  /** What Linux answered to the second. */
  readonly errno: Outcome;
}

/** A step of a history: `assign` makes eventfd number `fd`, `deassign` takes that registration away. */
export type BusOp =
  | (Registration & { readonly op: "assign"; readonly fd: number; readonly errno: Outcome })
  | { readonly op: "deassign"; readonly fd: number; readonly errno: Outcome };

/** Address and length of a write. */
export interface Access {
  /** Guest physical address or port (u64). */
  readonly addr: bigint;
  /** Bytes. */
  readonly len: number;
}

/** A history, then one guest write each. */
export interface BusVector extends VectorOrigin {
  /** Discriminant. */
  readonly kind: "bus";
  /** Unique within a set. */
  readonly id: string;
  /** Where the writes go. */
  readonly bus: "mmio" | "pio";
  /** The history, in order. */
  readonly ops: readonly BusOp[];
  /** Guest writes after it, in order. */
  readonly writes: readonly (Access & { readonly value: bigint })[];
  /** Counter of each eventfd at the end. */
  readonly counters: readonly bigint[];
  /** The writes that exited to userspace, in order. */
  readonly userspace: readonly Access[];
}

/** An exit to userspace. `data` is what was written; a read has none. */
export type GuestExit =
  | {
    readonly reason: "mmio";
    readonly addr: bigint;
    readonly len: number;
    readonly write: boolean;
    readonly data: string | null;
  }
  | {
    readonly reason: "io";
    readonly port: number;
    readonly size: number;
    readonly count: number;
    readonly write: boolean;
    readonly data: string | null;
  }
  | { readonly reason: "other"; readonly name: string };

/** A guest: machine code and what it meets. */
export interface GuestSetup {
  /** CPU mode. */
  readonly mode: "real16" | "long0";
  /** Disassembly, for people. */
  readonly insn: string;
  /** Kind of instruction, so that a CPU that does not decode it can say so. */
  readonly tag: string;
  /** Machine code at 0x1000. */
  readonly code: Uint8Array;
  /** ES lies at 0xd0000000 too (real mode). */
  readonly esIsMmio: boolean;
  /** Bytes at 0xa000. */
  readonly scratch: Uint8Array;
  /** Operand address minus 0xd0000000: where the answers to reads count from. */
  readonly mmioOffset: number;
  /** Made in order before the guest runs, each with an eventfd of its own. */
  readonly registrations: readonly Registration[];
}

/** What a guest did. */
export interface GuestObservation {
  /** Made in order before the guest ran, with what each ended with. */
  readonly registrations: readonly (Registration & { readonly errno: Outcome })[];
  /** Counter of each eventfd at the end. */
  readonly counters: readonly bigint[];
  /** Exits to userspace, in order. */
  readonly exits: readonly GuestExit[];
  /** `hlt`, or the exit that ended the run. */
  readonly end: string;
  /** Vector of the exception taken. */
  readonly fault: number | null;
  /** General registers, RIP and RFLAGS without AF at the end, where they were looked at. */
  readonly regs?: Regs;
}

/** Machine code run until it halts. */
export interface GuestVector extends GuestSetup, GuestObservation, VectorOrigin {
  /** Discriminant. */
  readonly kind: "guest";
  /** Unique within a set. */
  readonly id: string;
  /** As in {@linkcode GuestObservation}. */
  readonly registrations: GuestObservation["registrations"];
}

/** A history of any calls and writes, with what came of each. */
export interface HistoryVector extends VectorOrigin {
  /** Discriminant. */
  readonly kind: "history";
  /** Unique within a set. */
  readonly id: string;
  /** VMs that there are at the start, numbered from 0. */
  readonly vms: number;
  /** The history, in order. */
  readonly steps: readonly HistoryStep[];
}

/** Any vector. */
export type Vector = RegisterVector | CollideVector | BusVector | GuestVector | HistoryVector;
