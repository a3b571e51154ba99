/**
 * Between the instruction set and whoever runs it: the state an instruction changes, and the port through which it
 * reaches memory and I/O. The CPU in silicon has one port, KVM's emulator another; the instructions are the same.
 *
 * @module
 */

/** Segment register numbers, in the order of the instruction encoding. */
export const ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5;

/** General register numbers, in the order of the instruction encoding. */
export const RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;

/** A segment register with its hidden part. */
export interface SegmentState {
  /** Visible selector. */
  selector: number;
  /** Base, at most 64 bits, as two u32. */
  baseLo: number;
  baseHi: number;
  /** Limit in bytes, granularity applied (u32). */
  limit: number;
  /** Descriptor type (4 bits), S, DPL, P, AVL, L, D/B, G as in VMX access rights bits 15:0; bit 16 unusable. */
  rights: number;
}

/** Architectural state of one CPU. A u64 is two u32, low word first: no bigint on the path of a kick. */
export interface CpuState {
  /** RAX RCX RDX RBX RSP RBP RSI RDI R8…R15: register r is words 2r (low) and 2r + 1 (high). */
  readonly gpr: Int32Array;
  /** RIP, low and high word. */
  readonly rip: Int32Array;
  /** RFLAGS bits 31:0. */
  rflags: number;
  /** ES CS SS DS FS GS. */
  readonly seg: SegmentState[];
  /** Task and local descriptor table registers. */
  readonly tr: SegmentState;
  readonly ldt: SegmentState;
  /** Descriptor tables: base as two u32, limit. */
  readonly gdt: { baseLo: number; baseHi: number; limit: number };
  readonly idt: { baseLo: number; baseHi: number; limit: number };
  /** Control registers: CR0, CR4, CR8 and EFER fit 32 bits, CR3 is at most 52 bits, CR2 is two u32. */
  cr0: number;
  cr2Lo: number;
  cr2Hi: number;
  cr3: number;
  cr4: number;
  cr8: number;
  efer: number;
  /** XMM0…XMM15 (16 bytes each) and MM0…MM7 (8 bytes each). */
  readonly xmm: Uint8Array;
  readonly mm: Uint8Array;
}

/** Execution mode, which fixes default operand and address sizes. */
export type CpuMode = "real" | "vm16" | "prot16" | "prot32" | "prot64";

/** The step is complete and committed; RIP moved. */
export const DONE = 0;
/** The port stopped it: a VM exit, or data wanted from userspace. Nothing committed. */
export const STOPPED = 1;
/** It raised an exception, described in the port's `fault`. Nothing committed, except RIP for traps. */
export const FAULTED = 2;
/** HLT executed, RIP after it. */
export const HALTED = 3;
/** Not implemented. Nothing committed. */
export const UNDECODED = 4;
/** One iteration of a REP string instruction is done and more remain; RIP still on it. */
export const REPEATING = 5;

/** What one step came to. */
export type StepResult = 0 | 1 | 2 | 3 | 4 | 5;

/** An exception to deliver. */
export interface Fault {
  /** 0…31. */
  vector: number;
  /** Pushed error code, or -1 for none. */
  errorCode: number;
  /** Linear address of a page fault. */
  cr2Lo: number;
  cr2Hi: number;
}

/**
 * How an instruction reaches memory and ports. Addresses are linear (segment base added, limits checked by the
 * instruction set), as two u32. Each method returns `DONE`, `STOPPED` or `FAULTED` (with `fault` filled in); a step
 * that is not `DONE` commits nothing and `execute` returns it as it came.
 *
 * Data goes through `data`: bytes from offset 0, little-endian. An instruction reads first, then writes, then commits
 * registers; a write is the last thing that can fail.
 */
export interface AccessPort {
  /** Operand bytes on their way in or out: 64 bytes. */
  readonly data: Uint8Array;
  /** The same 64 bytes as words. */
  readonly words: Int32Array;
  /** Filled in by whoever returns FAULTED. */
  readonly fault: Fault;
  /** Reads `size` bytes into `data`. `forWrite` when a write to the same place follows (read-modify-write). */
  read(lo: number, hi: number, size: number, forWrite: boolean): StepResult;
  /** Writes `size` bytes from `data`. */
  write(lo: number, hi: number, size: number): StepResult;
  /** IN: `count` elements of `size` bytes into `data` (REP INS may batch). */
  portIn(port: number, size: number): StepResult;
  /** OUT of `size` bytes from `data`; `string` for OUTS. */
  portOut(port: number, size: number, string: boolean): StepResult;
}
