/**
 * Between the instruction set and whoever runs it: the state an instruction changes, and the port through which it
 * reaches memory, I/O and what only the system around it knows. The CPU in silicon has one port, KVM's emulator
 * another; the instructions are the same.
 *
 * A runner does, for each step: fetch bytes, `decode`, `execute`. `NEED_MORE` from the decoder means "fetch further
 * bytes (perhaps of the next page) and decode again".
 *
 * @module
 */

/** Segment register ES. Numbers are in the order of the instruction encoding. */
export const ES = 0;
/** Segment register CS. */
export const CS = 1;
/** Segment register SS. */
export const SS = 2;
/** Segment register DS. */
export const DS = 3;
/** Segment register FS. */
export const FS = 4;
/** Segment register GS. */
export const GS = 5;

/** General register RAX. Numbers are in the order of the instruction encoding. */
export const RAX = 0;
/** General register RCX. */
export const RCX = 1;
/** General register RDX. */
export const RDX = 2;
/** General register RBX. */
export const RBX = 3;
/** General register RSP. */
export const RSP = 4;
/** General register RBP. */
export const RBP = 5;
/** General register RSI. */
export const RSI = 6;
/** General register RDI. */
export const RDI = 7;

/** A segment register with its hidden part. */
export interface SegmentState {
  /** Visible selector. */
  selector: number;
  /** Low word of the base. */
  baseLo: number;
  /** High word of the base. */
  baseHi: number;
  /** Limit in bytes, granularity applied (u32). */
  limit: number;
  /** Type (bits 3:0), S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15 as in VMX access rights; bit 16 unusable. */
  rights: number;
}

/** A descriptor table register. */
export interface TableState {
  /** Low word of the base. */
  baseLo: number;
  /** High word of the base. */
  baseHi: number;
  /** Limit in bytes. */
  limit: number;
}

/**
 * Architectural state of one CPU. A u64 is two words, low first, each an int32: no bigint on the path of a kick, and
 * no heap number either.
 */
export interface CpuState {
  /** RAX RCX RDX RBX RSP RBP RSI RDI R8…R15: register r is words 2r (low) and 2r + 1 (high). */
  readonly gpr: Int32Array;
  /** RIP, low and high word. */
  readonly rip: Int32Array;
  /** RFLAGS bits 31:0; bit 1 is always set. */
  rflags: number;
  /** ES CS SS DS FS GS. */
  readonly seg: SegmentState[];
  /** Task register. */
  readonly tr: SegmentState;
  /** Local descriptor table register. */
  readonly ldt: SegmentState;
  /** Global descriptor table register. */
  readonly gdt: TableState;
  /** Interrupt descriptor table register. */
  readonly idt: TableState;
  /** CR0. */
  cr0: number;
  /** CR2, low word. */
  cr2Lo: number;
  /** CR2, high word. */
  cr2Hi: number;
  /** CR3 (at most 52 bits, an exact number). */
  cr3: number;
  /** CR4. */
  cr4: number;
  /** CR8. */
  cr8: number;
  /** EFER. */
  efer: number;
  /** DR0…DR7, low words. */
  readonly debug: Int32Array;
  /** XMM0…XMM15, 16 bytes each. */
  readonly xmm: Uint8Array;
  /** MM0…MM7, 8 bytes each. */
  readonly mm: Uint8Array;
  /** x87 control word. */
  fpuControl: number;
  /** x87 status word. */
  fpuStatus: number;
  /** MXCSR. */
  mxcsr: number;
  /**
   * Interrupts held off for one instruction: bit 0 after STI, bit 1 after MOV SS or POP SS, as in VMX guest
   * interruptibility. `execute` sets it; the runner clears it before the next instruction.
   */
  interruptShadow: number;
}

/** Execution mode, which fixes default operand and address sizes. Names are those of the kvm_emulate_insn trace. */
export type CpuMode = "real" | "vm16" | "prot16" | "prot32" | "prot64";

/** The step is complete and committed; RIP moved. */
export const DONE = 0;
/** The port stopped it: a VM exit, or data wanted from userspace. Nothing committed; `execute` again repeats it. */
export const STOPPED = 1;
/** It raised an exception, described in the port's `fault`. Nothing committed, except RIP for INT, INT3 and INTO. */
export const FAULTED = 2;
/** HLT executed, RIP after it. */
export const HALTED = 3;
/** Not implemented. Nothing committed. */
export const UNDECODED = 4;
/** One iteration of a REP string instruction is done and more remain; RIP still on it. */
export const REPEATING = 5;

/** What one step came to. */
export type StepResult = 0 | 1 | 2 | 3 | 4 | 5;

/** The instruction is complete in the bytes given. */
export const DECODED = 0;
/** Every byte given belongs to one instruction and more are needed: fetch them and decode again. */
export const NEED_MORE = 1;
/** This decoder does not know the instruction: nothing of it may be guessed. */
export const NOT_DECODED = 2;
/** It is longer than 15 bytes: #GP(0) in silicon, an emulation failure in KVM. */
export const TOO_LONG = 3;

/** What decoding came to. */
export type DecodeResult = 0 | 1 | 2 | 3;

/** An exception to deliver. */
export interface Fault {
  /** 0…255 (above 31 for INT n). */
  vector: number;
  /** Pushed error code, or -1 for none. */
  errorCode: number;
  /** Linear address of a page fault, low word. */
  cr2Lo: number;
  /** Linear address of a page fault, high word. */
  cr2Hi: number;
  /** Raised by INT n, INT3 or INTO, RIP already after it: the gate's DPL is checked. */
  software: boolean;
}

/** Bytes of an access port's data buffer: one batch of REP INS at most. */
export const PORT_DATA_BYTES = 1024;

/**
 * How an instruction reaches memory, I/O ports and the system around it. Addresses are linear (segment base added,
 * limits, types and canonical form checked by the instruction set), as two int32 words, low first: `lo >>> 0` is the
 * number. Each method returns `DONE`, `STOPPED` or `FAULTED` (with `fault` filled in); a step that is not `DONE`
 * commits nothing and `execute` returns it as it came.
 *
 * Data goes through `data`: bytes from offset 0, little-endian; bytes beyond the size are left over from earlier and
 * mean nothing. An instruction reads first, then writes, then commits registers, so that it can be executed again
 * from its start after a stop. PUSHA, ENTER with a level, far CALL and event delivery write several times.
 *
 * Extend `BasePort`, which has everything but memory and I/O.
 */
export interface AccessPort {
  /** Operand bytes on their way in or out: `PORT_DATA_BYTES` of them. */
  readonly data: Uint8Array;
  /** The same bytes as words. */
  readonly words: Int32Array;
  /** Filled in by whoever returns FAULTED. */
  readonly fault: Fault;
  /**
   * True for KVM's emulator: what it starts and then refuses (CMPXCHG16B, after the reads) returns UNDECODED. What it
   * does not know at all is `Instruction.emulated`, for the runner to check before it executes.
   */
  readonly emulator: boolean;
  /** Elements that the last `portIn` left in `data`. */
  elements: number;
  /** Reads `size` bytes into `data`. `forWrite` when a write to the same place follows (read-modify-write). */
  read(lo: number, hi: number, size: number, forWrite: boolean): StepResult;
  /** Writes `size` bytes from `data` (more than 64 only for a REP INS batch). */
  write(lo: number, hi: number, size: number): StepResult;
  /** Reads a descriptor, gate, vector or task state segment with supervisor rights, whatever the CPL. */
  readSystem(lo: number, hi: number, size: number): StepResult;
  /** Writes one (accessed and busy bits; the stack of an inner level) with supervisor rights. */
  writeSystem(lo: number, hi: number, size: number): StepResult;
  /**
   * IN and INS: leaves between 1 and `max(count, 1)` elements of `size` bytes in `data` and their number in `elements`.
   * `count` is 0 for IN; for INS it is how many elements the instruction still has to do (1 without REP). With more
   * than one element, INS writes them all in one `write`, which is what KVM's emulator does when DF is clear.
   */
  portIn(port: number, size: number, count: number): StepResult;
  /** OUT of `size` bytes from `data`; `string` for OUTS. */
  portOut(port: number, size: number, string: boolean): StepResult;
  /** CPUID: EAX EBX ECX EDX into `words` 0…3. */
  cpuid(leaf: number, subleaf: number): StepResult;
  /** RDMSR: the value into `words` 0…1. */
  readMsr(index: number): StepResult;
  /** WRMSR of the value in `words` 0…1; the port keeps it (EFER, FS and GS bases into the CPU's state). */
  writeMsr(index: number): StepResult;
  /** RDTSC: the counter into `words` 0…1. */
  timestamp(): StepResult;
  /**
   * MOV to CR0, CR3, CR4 or CR8, CLTS, LMSW: the value is in `words` 0…1 and has passed the #GP rules; the port keeps it
   * and does what follows (EFER.LMA, TLB).
   */
  writeControl(register: number): StepResult;
  /** INVLPG of a linear address. */
  invalidatePage(lo: number, hi: number): StepResult;
  /** INVD and WBINVD: caches, not translations. */
  flushCaches(): StepResult;
}
