/**
 * What every access port has in common: CPUID, MSRs, control registers, the time stamp counter.
 *
 * @module
 */
import type { AccessPort, CpuState, Fault, StepResult } from "./contract.ts";
import { DONE, PORT_DATA_BYTES } from "./contract.ts";
import { protection } from "./_fault.ts";
import { CR0_PG, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE } from "./registers.ts";

/** MSR numbers that `BasePort` keeps in the CPU's state. */
const MSR_TSC = 0x10, MSR_EFER = 0xc0000080, MSR_FS_BASE = 0xc0000100, MSR_GS_BASE = 0xc0000101;

/** What KVM reports for CPUID leaf 1: CX8, CMOV, MMX, FXSR, SSE, SSE2 …, and no MOVBE. */
const FEATURES_EDX = 0x0783fbff, FEATURES_ECX = 0x80802001 | 0;

/**
 * An access port with everything but memory and I/O ports: CPUID, the few MSRs of a boot guest, control registers and
 * a time stamp counter that moves by a fixed step each time it is read. Extend it with the other methods.
 */
export abstract class BasePort implements AccessPort {
  /** The CPU it serves. */
  readonly cpu: CpuState;
  /** Operand bytes. */
  readonly data: Uint8Array = new Uint8Array(PORT_DATA_BYTES);
  /** The same bytes as words. */
  readonly words: Int32Array = new Int32Array(this.data.buffer);
  /** The exception of the last step that returned FAULTED. */
  readonly fault: Fault = { vector: 0, errorCode: -1, cr2Lo: 0, cr2Hi: 0, software: false };
  /** KVM's emulator, not silicon. */
  readonly emulator: boolean = false;
  /** Elements of the last `portIn`. */
  elements = 1;
  /** Time stamp counter: an exact integer, moved by `timestampStep` cycles at each reading. */
  timestampCounter = 0;
  /** Cycles between two readings of the time stamp counter. */
  timestampStep = 1000;
  readonly #msrs = new Map<number, readonly [number, number]>();

  /** A port of the given CPU. */
  constructor(cpu: CpuState) {
    this.cpu = cpu;
  }

  /** {@inheritDoc AccessPort.read} */
  abstract read(lo: number, hi: number, size: number, forWrite: boolean): StepResult;
  /** {@inheritDoc AccessPort.write} */
  abstract write(lo: number, hi: number, size: number): StepResult;
  /** {@inheritDoc AccessPort.portIn} */
  abstract portIn(port: number, size: number, count: number): StepResult;
  /** {@inheritDoc AccessPort.portOut} */
  abstract portOut(port: number, size: number, string: boolean): StepResult;

  /** As `read`, unless a port makes a difference of privilege. */
  readSystem(lo: number, hi: number, size: number): StepResult {
    return this.read(lo, hi, size, false);
  }

  /** As `write`, unless a port makes a difference of privilege. */
  writeSystem(lo: number, hi: number, size: number): StepResult {
    return this.write(lo, hi, size);
  }

  /** A processor of the family KVM reports without CPUID tables: long mode, SSE2, no AVX, no MOVBE. */
  cpuid(leaf: number, _subleaf: number): StepResult {
    const words = this.words;
    words.fill(0, 0, 4);
    leaf >>>= 0;
    if (leaf === 0) {
      words[0] = 1;
      words[1] = 0x756e6547;
      words[2] = 0x6c65746e;
      words[3] = 0x49656e69;
    } else if (leaf === 1) {
      words[0] = 0x600;
      words[2] = FEATURES_ECX;
      words[3] = FEATURES_EDX;
    } else if (leaf === 0x80000000) words[0] = 0x80000008 | 0;
    else if (leaf === 0x80000001) {
      words[2] = 1;
      words[3] = 0x2c100800;
    } else if (leaf === 0x80000008) words[0] = 0x3030;
    return DONE;
  }

  /** TSC, EFER, FS and GS bases; any other MSR reads what was written to it, #GP before. */
  readMsr(index: number): StepResult {
    const { words, cpu } = this;
    index >>>= 0;
    if (index === MSR_TSC) return this.timestamp();
    words[1] = 0;
    if (index === MSR_EFER) words[0] = cpu.efer;
    else if (index === MSR_FS_BASE || index === MSR_GS_BASE) {
      const state = cpu.seg[index === MSR_FS_BASE ? 4 : 5]!;
      words[0] = state.baseLo;
      words[1] = state.baseHi;
    } else {
      const value = this.#msrs.get(index);
      if (value === undefined) return protection(this);
      words[0] = value[0];
      words[1] = value[1];
    }
    return DONE;
  }

  /** The counterpart of `readMsr`; #GP for undefined bits of EFER and for LME changed while paging is on. */
  writeMsr(index: number): StepResult {
    const { words, cpu } = this;
    index >>>= 0;
    const lo = words[0]!;
    const hi = words[1]!;
    if (index === MSR_EFER) {
      if (hi !== 0 || (lo & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)) !== 0) {
        return protection(this);
      }
      if ((cpu.cr0 & CR0_PG) !== 0 && ((lo ^ cpu.efer) & EFER_LME) !== 0) return protection(this);
      cpu.efer = (lo & ~EFER_LMA) | (cpu.efer & EFER_LMA);
    } else if (index === MSR_FS_BASE || index === MSR_GS_BASE) {
      const state = cpu.seg[index === MSR_FS_BASE ? 4 : 5]!;
      state.baseLo = lo;
      state.baseHi = hi;
    } else if (index === MSR_TSC) this.timestampCounter = (hi >>> 0) * 0x100000000 + (lo >>> 0);
    else this.#msrs.set(index, [lo, hi]);
    return DONE;
  }

  /** The counter, which then moves on. */
  timestamp(): StepResult {
    const value = this.timestampCounter;
    this.words[0] = value | 0;
    this.words[1] = Math.floor(value / 0x100000000) | 0;
    this.timestampCounter = value + this.timestampStep;
    return DONE;
  }

  /** Keeps the register; CR0.PG with EFER.LME switches EFER.LMA. */
  writeControl(register: number): StepResult {
    const { words, cpu } = this;
    const lo = words[0]!;
    if (register === 0) {
      cpu.cr0 = lo >>> 0;
      const active = (lo & CR0_PG) !== 0 && (cpu.efer & EFER_LME) !== 0;
      cpu.efer = active ? cpu.efer | EFER_LMA : cpu.efer & ~EFER_LMA;
    } else if (register === 3) {
      cpu.cr3 = (words[1]! & 0xfffff) * 0x100000000 + (lo >>> 0);
    } else if (register === 4) cpu.cr4 = lo >>> 0;
    else cpu.cr8 = lo & 15;
    return DONE;
  }

  /** Nothing to forget. */
  invalidatePage(_lo: number, _hi: number): StepResult {
    return DONE;
  }

  /** Nothing to write back. */
  flushCaches(): StepResult {
    return DONE;
  }
}
