/**
 * How instructions reach memory, ports and the system around them when the CPU runs them: memory through its MMU, and a
 * VM exit for everything KVM wants to see.
 *
 * @module
 */
import type { X86Rules } from "@ioeventfd/uapi";
import * as uapi from "@ioeventfd/uapi";
import type { AccessPort, CpuState, Fault, StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import { Instruction } from "../isa/instruction.ts";
import * as registers from "../isa/registers.ts";
import type { GuestMemory } from "../mmu/guest_memory.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import type { PageTables } from "../mmu/page_tables.ts";
import type { WorkCounters } from "../work/work_counters.ts";
import * as counters from "../work/work_counters.ts";
import * as operandBytes from "./_operand_bytes.ts";
import type { AccessKind } from "./_translation_cache.ts";
import * as translationCache from "./_translation_cache.ts";
import { CpuMmu } from "./cpu_mmu.ts";
import type { DecodedCode } from "./decoded_code.ts";
import type { Vmcs } from "./vmcs.ts";
import * as vmcs from "./vmcs.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CR0_PG, CR4_PAE, EFER_LMA } = registers;
const {
  EXIT_REASON_CPUID,
  EXIT_REASON_CR_ACCESS,
  EXIT_REASON_IO_INSTRUCTION,
  EXIT_REASON_MSR_READ,
  EXIT_REASON_MSR_WRITE,
  EXIT_REASON_WBINVD,
} = uapi;
const { DONE, FAULTED, PORT_DATA_BYTES, SS, STOPPED } = contract;
const { WALK_FAULT, WALK_STOPPED } = pageWalker;
const { S_INSTRUCTIONS } = counters;
const { copyIn, copyOut } = operandBytes;
const { cacheIndex, LEAF, LEAF_OF_RAM, OFFSET, READ, TAG_HI, TAG_SUPERVISOR, TAG_USER, WRITE } =
  translationCache;
const { VMCS_EXIT_REASON, VMCS_QUALIFICATION } = vmcs;

/** Invalidation of a page's translations; only shadow paging asks for its exit. */
export const EXIT_REASON_INVLPG = 14;

/** What a CPU is made of. */
export interface SiliconParts {
  /** Architectural state. */
  readonly cpu: CpuState;
  /** The VMCS it enters and leaves by. */
  readonly vmcs: Vmcs;
  /** Memory behind the tables. */
  readonly memory: GuestMemory;
  /** EPT or shadow tables. */
  readonly tables: PageTables;
  /** Which of the two they are. */
  readonly paging: "ept" | "shadow";
  /** Decoded instructions of the VM. */
  readonly code: DecodedCode;
  /** Where its work is counted. */
  readonly work: WorkCounters;
  /** How KVM sets the CPU up. */
  readonly rules: X86Rules;
  /** What the instruction length field says at an EPT misconfig instead of the truth: quirk `fast-len-undefined`. */
  readonly misconfigLength: number | null;
}

/** Stands for the instruction when there is none. */
export const NO_INSTRUCTION: Instruction = new Instruction();

/** The CPU's access port. */
export class SiliconPort implements AccessPort {
  /** Operand bytes. */
  readonly data: Uint8Array = new Uint8Array(PORT_DATA_BYTES);
  /** The same as words. */
  readonly words: Int32Array = new Int32Array(this.data.buffer);
  /** The exception of the last step that faulted. */
  readonly fault: Fault = { vector: 0, errorCode: -1, cr2Lo: 0, cr2Hi: 0, software: false };
  /** False: this is the CPU. */
  readonly emulator = false;
  /** Elements of the last `portIn`. */
  elements = 0;
  /** Memory side. */
  declare readonly mmu: CpuMmu;
  /** Instruction that ran last. */
  current: Instruction = NO_INSTRUCTION;
  /** Control register value of the exit in hand (CR access). */
  controlValue = 0;
  /** Architectural state. */
  declare protected readonly cpu: CpuState;
  /** Words of the VMCS. */
  declare protected readonly vmcs: Int32Array;
  /** Decoded instructions of the VM. */
  declare protected readonly code: DecodedCode;
  /** Silicon's counters. */
  declare protected readonly work: Float64Array;
  readonly #ss;
  readonly #port80Bypass: boolean;
  #clockReads = 0;
  readonly #shadowPaging: boolean;

  /**
   * The port of one CPU.
   *
   * @param parts What it is made of
   */
  constructor(parts: SiliconParts) {
    this.cpu = parts.cpu;
    this.vmcs = parts.vmcs.words;
    this.code = parts.code;
    this.work = parts.work.silicon;
    this.#ss = parts.cpu.seg[SS]!;
    this.#port80Bypass = parts.rules.port80Bypass;
    this.#shadowPaging = parts.paging === "shadow";
    this.mmu = new CpuMmu(
      parts.cpu,
      parts.vmcs,
      parts.memory,
      parts.tables,
      parts.paging,
      this.fault,
      parts.work,
    );
    this.mmu.cacheWrites = (bytes, offset) => !parts.code.has(bytes, offset);
  }

  /** Forgets every translation. */
  flush(): void {
    this.mmu.flush();
  }

  /** Tag of the current privilege level's translations. */
  protected tag(): number {
    return (this.#ss.rights & 0x60) === 0x60 ? TAG_USER : TAG_SUPERVISOR;
  }

  /** Reads memory. */
  read(lo: number, hi: number, size: number, forWrite: boolean): StepResult {
    const tag = this.tag();
    const mmu = this.mmu;
    const { cache } = mmu;
    const at = cacheIndex(lo, forWrite ? WRITE : READ);
    const inPage = lo & 0xfff;
    if (
      cache[at] === ((lo & 0xffff_f000) | tag) && cache[at + TAG_HI] === hi && inPage + size <= 4096
    ) {
      if (cache[at + LEAF] === LEAF_OF_RAM) {
        copyIn(this.data, this.words, mmu.pages[at >> 3]!, cache[at + OFFSET]! + inPage, size);
        return DONE;
      }
      if (!this.current.isString && mmu.misconfigures(at, lo)) return STOPPED;
    }
    return this.#readSlowly(lo, hi, size, forWrite, tag);
  }

  /** Reads memory with supervisor rights. */
  readSystem(lo: number, hi: number, size: number): StepResult {
    return this.#readSlowly(lo, hi, size, false, TAG_SUPERVISOR);
  }

  /** Writes memory. */
  write(lo: number, hi: number, size: number): StepResult {
    const tag = this.tag();
    const mmu = this.mmu;
    const { cache } = mmu;
    const at = cacheIndex(lo, WRITE);
    const inPage = lo & 0xfff;
    if (
      cache[at] === ((lo & 0xffff_f000) | tag) && cache[at + TAG_HI] === hi && inPage + size <= 4096
    ) {
      if (cache[at + LEAF] === LEAF_OF_RAM) {
        copyOut(this.data, this.words, mmu.pages[at >> 3]!, cache[at + OFFSET]! + inPage, size);
        return DONE;
      }
      if (mmu.misconfigures(at, lo)) return STOPPED;
    }
    return this.#writeSlowly(lo, hi, size, tag);
  }

  /** Writes memory with supervisor rights. */
  writeSystem(lo: number, hi: number, size: number): StepResult {
    return this.#writeSlowly(lo, hi, size, TAG_SUPERVISOR);
  }

  #readSlowly(lo: number, hi: number, size: number, forWrite: boolean, tag: number): StepResult {
    const inPage = lo & 0xfff;
    let result = this.#translate(lo, hi, READ, tag, forWrite);
    if (result !== DONE) return result;
    const { bytes, offset } = this.mmu;
    if (inPage + size <= 4096) {
      copyIn(this.data, this.words, bytes, offset + inPage, size);
      return DONE;
    }
    const first = 4096 - inPage;
    result = this.#translateNext(lo, hi, READ, tag, forWrite);
    if (result !== DONE) return result;
    for (let i = 0; i < first; i++) this.data[i] = bytes[offset + inPage + i]!;
    for (let i = first; i < size; i++) this.data[i] = this.mmu.bytes[this.mmu.offset + i - first]!;
    return DONE;
  }

  #writeSlowly(lo: number, hi: number, size: number, tag: number): StepResult {
    const inPage = lo & 0xfff;
    let result = this.#translate(lo, hi, WRITE, tag, false);
    if (result !== DONE) return result;
    const { bytes, offset } = this.mmu;
    if (inPage + size <= 4096) {
      copyOut(this.data, this.words, bytes, offset + inPage, size);
      if (this.code.has(bytes, offset)) this.code.epoch++;
      return DONE;
    }
    const first = 4096 - inPage;
    result = this.#translateNext(lo, hi, WRITE, tag, false);
    if (result !== DONE) return result;
    for (let i = 0; i < first; i++) bytes[offset + inPage + i] = this.data[i]!;
    for (let i = first; i < size; i++) this.mmu.bytes[this.mmu.offset + i - first] = this.data[i]!;
    this.code.epoch++;
    return DONE;
  }

  #translate(lo: number, hi: number, kind: AccessKind, tag: number, modify: boolean): StepResult {
    const insn = this.current;
    if (insn.isString && insn.map === 0 && (insn.opcode & 0xfe) === 0x6e) {
      // OUTS leaves for its port before it looks at memory.
      return this.portOut(this.cpu.gpr[4]! & 0xffff, insn.size === 8 ? 4 : insn.size, true);
    }
    return this.mmu.translate(lo, hi, kind, tag, modify);
  }

  #translateNext(
    lo: number,
    hi: number,
    kind: AccessKind,
    tag: number,
    modify: boolean,
  ): StepResult {
    const nextLo = ((lo & 0xffff_f000) + 0x1000) | 0;
    return this.mmu.translate(nextLo, nextLo === 0 ? (hi + 1) | 0 : hi, kind, tag, modify);
  }

  /** IN and INS leave the guest. */
  portIn(port: number, size: number, count: number): StepResult {
    if (this.#port80Bypass && port === 0x80 && size === 1) {
      this.data[0] = 0xff;
      this.elements = 1;
      return DONE;
    }
    return this.#ioExit(port, size, 8 | (count !== 0 ? 0x10 : 0));
  }

  /** OUT and OUTS leave the guest. */
  portOut(port: number, size: number, string: boolean): StepResult {
    if (this.#port80Bypass && port === 0x80 && size === 1) return DONE;
    return this.#ioExit(port, size, string ? 0x10 : 0);
  }

  #ioExit(port: number, size: number, bits: number): StepResult {
    const insn = this.current;
    const immediate = insn.opcode >= 0xe4 && insn.opcode <= 0xe7 ? 0x40 : 0;
    const words = this.vmcs;
    words[VMCS_EXIT_REASON] = EXIT_REASON_IO_INSTRUCTION;
    words[VMCS_QUALIFICATION] = port << 16 | bits | immediate |
      (insn.rep !== 0 && insn.isString ? 0x20 : 0) |
      (size - 1);
    words[VMCS_QUALIFICATION + 1] = 0;
    return STOPPED;
  }

  #exit(reason: number, qualification: number): StepResult {
    this.vmcs[VMCS_EXIT_REASON] = reason;
    this.vmcs[VMCS_QUALIFICATION] = qualification;
    this.vmcs[VMCS_QUALIFICATION + 1] = 0;
    return STOPPED;
  }

  /** CPUID leaves the guest. */
  cpuid(_leaf: number, _subleaf: number): StepResult {
    return this.#exit(EXIT_REASON_CPUID, 0);
  }

  /** RDMSR leaves the guest. */
  readMsr(_index: number): StepResult {
    return this.#exit(EXIT_REASON_MSR_READ, 0);
  }

  /** WRMSR leaves the guest. */
  writeMsr(_index: number): StepResult {
    return this.#exit(EXIT_REASON_MSR_WRITE, 0);
  }

  /** RDTSC does not leave the guest: instructions up to the last exit, and readings, stand for time. */
  timestamp(): StepResult {
    const ticks = this.work[S_INSTRUCTIONS]! + ++this.#clockReads;
    this.words[0] = ticks % 0x1_0000_0000 | 0;
    this.words[1] = Math.floor(ticks / 0x1_0000_0000);
    return DONE;
  }

  /** CR0 and CR4 leave the guest, CR3 with shadow paging; the rest the CPU does itself. */
  writeControl(register: number): StepResult {
    const cpu = this.cpu;
    const value = (this.words[1]! >>> 0) * 0x1_0000_0000 + (this.words[0]! >>> 0);
    if (register === 8) {
      cpu.cr8 = value & 0xf;
      return DONE;
    }
    if (register === 3 && !this.#shadowPaging) {
      if ((cpu.cr0 & CR0_PG) !== 0 && (cpu.cr4 & CR4_PAE) !== 0 && (cpu.efer & EFER_LMA) === 0) {
        const loaded = this.mmu.walker.loadPdptes(value, this.mmu);
        if (loaded === WALK_STOPPED) return STOPPED;
        if (loaded === WALK_FAULT) {
          this.fault.vector = 13;
          this.fault.errorCode = 0;
          this.fault.software = false;
          return FAULTED;
        }
      }
      cpu.cr3 = value % 2 ** 52;
      this.flush();
      return DONE;
    }
    this.controlValue = value;
    return this.#exit(EXIT_REASON_CR_ACCESS, register);
  }

  /** INVLPG. */
  invalidatePage(lo: number, hi: number): StepResult {
    if (this.#shadowPaging) {
      const result = this.#exit(EXIT_REASON_INVLPG, lo);
      this.vmcs[VMCS_QUALIFICATION + 1] = hi;
      return result;
    }
    this.flush();
    return DONE;
  }

  /** INVD and WBINVD leave the guest. */
  flushCaches(): StepResult {
    return this.#exit(EXIT_REASON_WBINVD, 0);
  }
}
