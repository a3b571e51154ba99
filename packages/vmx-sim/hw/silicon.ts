/**
 * The CPU in guest mode: runs and retires instructions until something makes it leave the guest, and then says why in
 * the VMCS. None of its work is KVM's.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import type { StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import { deliverEvent } from "../isa/deliver.ts";
import * as address from "../isa/_address.ts";
import * as move from "../isa/_move.ts";
import * as wide from "../isa/_wide.ts";
import type { Instruction } from "../isa/instruction.ts";
import * as registers from "../isa/registers.ts";
import * as counters from "../work/work_counters.ts";
import { InstructionFetch } from "./instruction_fetch.ts";
import type { SiliconParts } from "./silicon_port.ts";
import { SiliconPort } from "./silicon_port.ts";
import * as siliconPort from "./silicon_port.ts";
import * as vmcs from "./vmcs.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { RFLAGS_TF } = registers;
const {
  EXIT_REASON_EPT_MISCONFIG,
  EXIT_REASON_EXCEPTION_NMI,
  EXIT_REASON_HLT,
  EXIT_REASON_TRIPLE_FAULT,
} = uapi;
const { isSurelyCanonical } = address;
const { moveToOperand } = move;
const { carryOut } = wide;
const { CS, DONE, FAULTED, HALTED, REPEATING, STOPPED } = contract;
const { S_INSTRUCTIONS } = counters;
const { NO_INSTRUCTION } = siliconPort;
const {
  VMCS_ENTRY_ERROR,
  VMCS_ENTRY_INTR,
  VMCS_EXIT_REASON,
  VMCS_INSTRUCTION_LENGTH,
  VMCS_INTERRUPTIBILITY,
  VMCS_INTR_ERROR,
  VMCS_INTR_INFO,
  VMCS_QUALIFICATION,
  VMCS_RFLAGS,
  VMCS_RIP,
  VMCS_VECTORING_ERROR,
  VMCS_VECTORING_INFO,
} = vmcs;

/** The CPU left the guest; the VMCS says why. */
export const VM_EXIT = 0;
/** It ran as many instructions as it was allowed. */
export const OUT_OF_STEPS = 1;
/** It met an instruction the model does not know. */
export const UNKNOWN_INSTRUCTION = 2;

/** Why `Silicon.run` came back. */
export type SiliconResult = 0 | 1 | 2;

/** Type of a hardware exception in VMX interruption information. */
const EXCEPTION = 0x300;

/** One CPU. */
export class Silicon extends SiliconPort {
  /** Instructions left of the allowance of `run`. */
  stepsLeft = 0;
  readonly #cs = this.cpu.seg[CS]!;
  readonly #fetch = new InstructionFetch(this.cpu, this.mmu, this.code, this.fault, this.work);
  readonly #misconfigLength: number | null;

  /**
   * One CPU.
   *
   * @param parts What it is made of
   */
  constructor(parts: SiliconParts) {
    super(parts);
    this.#misconfigLength = parts.misconfigLength;
  }

  /** Forgets every translation and what was derived from control registers and segments. */
  override flush(): void {
    super.flush();
    this.#fetch.flush();
  }

  /** Takes note of what other CPUs found to be code; to be called before `run` when they may have run. */
  noticeCode(): void {
    this.#fetch.noticeCode();
  }

  /**
   * VM entry: delivers the event to inject, then runs instructions.
   *
   * @param steps Instructions allowed; what is left of them is in `stepsLeft`
   */
  run(steps: number): SiliconResult {
    const cpu = this.cpu;
    const rip = cpu.rip;
    const cs = this.#cs;
    const fetch = this.#fetch;
    const code = this.code;
    if (this.vmcs[VMCS_ENTRY_INTR]! < 0) {
      const injected = this.#inject();
      if (injected !== DONE) {
        this.stepsLeft = steps;
        return injected === STOPPED ? VM_EXIT : UNKNOWN_INSTRUCTION;
      }
    }
    for (let left = steps; left > 0;) {
      left--;
      if (cs.rights !== fetch.csRights) fetch.modeChanged();
      let lo = rip[0]!;
      let hi = rip[1]!;
      if (!fetch.isLong) {
        lo = (lo + cs.baseLo) | 0;
        hi = 0;
      }
      const page = fetch.page;
      const shadow = cpu.interruptShadow;
      let insn: Instruction | null = null;
      if (page !== null && (lo & 0xffff_f000) === fetch.pageLo && hi === fetch.pageHi) {
        const kept = page.instructions[lo & 0xfff]!;
        if (kept !== null && kept.epoch === code.epoch) {
          if (kept.rings && this.#rings(kept)) {
            this.stepsLeft = left;
            this.work[S_INSTRUCTIONS]! += steps - left - 1;
            this.#leave(kept.length, shadow);
            return VM_EXIT;
          }
          insn = kept;
        }
      }
      const flags = cpu.rflags;
      let result: StepResult;
      if (insn === null) insn = fetch.fetch(lo, hi);
      if (insn === null) {
        this.current = NO_INSTRUCTION;
        result = fetch.result;
      } else {
        if (shadow !== 0) cpu.interruptShadow = 0;
        this.current = insn;
        result = insn.run(insn, cpu, this);
      }
      if ((result === DONE || result === REPEATING) && (flags & RFLAGS_TF) === 0) continue;
      this.stepsLeft = left;
      const length = insn === null ? 0 : insn.length;
      if (result === STOPPED) {
        this.work[S_INSTRUCTIONS]! += steps - left - 1;
        this.#leave(length, shadow);
        if (insn !== null) insn.rings = this.#mayRing(insn);
        return VM_EXIT;
      }
      if (result === FAULTED && !this.#isIntercepted()) result = this.#deliverFault();
      else result = this.#specialExit(result, length, shadow);
      if (result === DONE) continue;
      this.work[S_INSTRUCTIONS]! += steps - left - 1;
      return result === STOPPED ? VM_EXIT : UNKNOWN_INSTRUCTION;
    }
    this.work[S_INSTRUCTIONS]! += steps;
    this.stepsLeft = 0;
    return OUT_OF_STEPS;
  }

  /**
   * What `run` would do first, when that is a store that rings again: most guests leave by the next one at once. True for
   * an exit by it, false when nothing was done.
   */
  ringsAgain(): boolean {
    const { cpu } = this;
    const fetch = this.#fetch;
    const lo = cpu.rip[0]!;
    const page = fetch.page;
    if (
      page === null || this.#cs.rights !== fetch.csRights || (lo & 0xffff_f000) !== fetch.pageLo ||
      cpu.rip[1] !== fetch.pageHi || this.vmcs[VMCS_ENTRY_INTR]! < 0
    ) return false;
    const insn = page.instructions[lo & 0xfff]!;
    // Only 64-bit code has such stores: the base of CS is of no account.
    if (insn === null || insn.rings !== true || insn.epoch !== this.code.epoch) return false;
    if (!this.#rings(insn)) return false;
    this.#leave(insn.length, cpu.interruptShadow);
    return true;
  }

  /** A store to a doorbell, which left the guest by an EPT misconfig. */
  #mayRing(insn: Instruction): boolean {
    return insn.run === moveToOperand && insn.isPlain &&
      this.vmcs[VMCS_EXIT_REASON] === EXIT_REASON_EPT_MISCONFIG;
  }

  /** Such a store again: true when it leaves as before. Its data is not looked at, as the exit carries none. */
  #rings(insn: Instruction): boolean {
    const { gpr } = this.cpu;
    const base = insn.base << 1;
    const from = gpr[base]!;
    const lo = (from + insn.dispLo) | 0;
    const hi = (gpr[base + 1]! + insn.dispHi + carryOut(from, insn.dispLo, lo)) | 0;
    return isSurelyCanonical(hi) && this.mmu.storeMisconfigures(lo, hi, insn.size, this.tag());
  }

  /** KVM wants to see #UD before the guest does. */
  #isIntercepted(): boolean {
    return this.fault.vector === 6 && !this.fault.software;
  }

  #deliverFault(): StepResult {
    const vector = this.fault.vector;
    const isBreak = vector === 3 || vector === 4;
    return this.#deliver(!this.fault.software ? EXCEPTION : isBreak ? 0x600 : 0x400);
  }

  /** Exits that are no access: `STOPPED`, or `UNDECODED` where the model does not know the instruction. */
  #specialExit(result: StepResult, length: number, shadow: number): StepResult {
    const { vmcs, cpu } = this;
    switch (result) {
      case DONE:
      case REPEATING:
        // The trap of a single step comes after the instruction.
        this.#exception(1);
        vmcs[VMCS_QUALIFICATION] = 0x4000;
        this.#leave(0, cpu.interruptShadow);
        return STOPPED;
      case FAULTED:
        this.#exception(6);
        this.#leave(0, shadow);
        return STOPPED;
      case HALTED: {
        const { rip } = cpu;
        const back = (rip[0]! >>> 0) - length;
        rip[0] = back;
        if (back < 0) rip[1]!--;
        vmcs[VMCS_EXIT_REASON] = EXIT_REASON_HLT;
        vmcs[VMCS_QUALIFICATION] = vmcs[VMCS_QUALIFICATION + 1] = 0;
        this.#leave(length, shadow);
        return STOPPED;
      }
      default:
        return result;
    }
  }

  /** The exit's common part: where the guest stands. */
  #leave(length: number, shadow: number): void {
    const words = this.vmcs;
    const cpu = this.cpu;
    cpu.interruptShadow = shadow;
    words[VMCS_RIP] = cpu.rip[0]!;
    words[VMCS_RIP + 1] = cpu.rip[1]!;
    words[VMCS_RFLAGS] = cpu.rflags;
    words[VMCS_INTERRUPTIBILITY] = shadow;
    words[VMCS_VECTORING_INFO] = 0;
    const reason = words[VMCS_EXIT_REASON]!;
    if (reason !== EXIT_REASON_EXCEPTION_NMI) words[VMCS_INTR_INFO] = words[VMCS_INTR_ERROR] = 0;
    words[VMCS_INSTRUCTION_LENGTH] =
      reason === EXIT_REASON_EPT_MISCONFIG && this.#misconfigLength !== null
        ? this.#misconfigLength
        : length;
  }

  #exception(vector: number): void {
    const words = this.vmcs;
    words[VMCS_EXIT_REASON] = EXIT_REASON_EXCEPTION_NMI;
    words[VMCS_INTR_INFO] = 0x8000_0000 | EXCEPTION | vector;
    words[VMCS_INTR_ERROR] = 0;
    words[VMCS_QUALIFICATION] = words[VMCS_QUALIFICATION + 1] = 0;
  }

  /** Delivers the event of the VM-entry field: `DONE`, `STOPPED` at an exit, or `UNDECODED`. */
  #inject(): StepResult {
    const info = this.vmcs[VMCS_ENTRY_INTR]!;
    this.vmcs[VMCS_ENTRY_INTR] = 0;
    const fault = this.fault;
    fault.vector = info & 0xff;
    fault.errorCode = (info & 0x800) !== 0 ? this.vmcs[VMCS_ENTRY_ERROR]! : -1;
    fault.cr2Lo = this.cpu.cr2Lo;
    fault.cr2Hi = this.cpu.cr2Hi;
    return this.#deliver(info & 0x700);
  }

  /**
   * Delivers the event in `fault` through the guest's tables.
   *
   * @param type Its type as in VMX interruption information, in place: 0x300 for an exception
   */
  #deliver(type: number): StepResult {
    const cpu = this.cpu;
    const fault = this.fault;
    this.current = NO_INSTRUCTION;
    for (;;) {
      const { vector, errorCode } = fault;
      if (vector === 14 && type === EXCEPTION) {
        cpu.cr2Lo = fault.cr2Lo;
        cpu.cr2Hi = fault.cr2Hi;
      }
      const kind = type === EXCEPTION ? "exception" : type === 0 ? "external" : "software";
      const result = deliverEvent(cpu, this, vector, errorCode, kind);
      if (result === STOPPED) {
        this.#leave(0, cpu.interruptShadow);
        this.vmcs[VMCS_VECTORING_INFO] = 0x8000_0000 | type | vector |
          (errorCode >= 0 ? 0x800 : 0);
        this.vmcs[VMCS_VECTORING_ERROR] = errorCode >= 0 ? errorCode : 0;
      }
      if (result !== FAULTED) return result;
      if (vector === 8 && type === EXCEPTION) {
        this.vmcs[VMCS_EXIT_REASON] = EXIT_REASON_TRIPLE_FAULT;
        this.vmcs[VMCS_QUALIFICATION] = this.vmcs[VMCS_QUALIFICATION + 1] = 0;
        this.#leave(0, cpu.interruptShadow);
        return STOPPED;
      }
      if (type === EXCEPTION && isDoubleFault(vector, fault.vector)) {
        fault.vector = 8;
        fault.errorCode = 0;
      }
      type = EXCEPTION;
    }
  }
}

/**
 * Whether an exception that arises while another is delivered makes a double fault.
 *
 * @param first Vector of the exception being delivered
 * @param second Vector of the one that arose
 */
export function isDoubleFault(first: number, second: number): boolean {
  const isContributory = second === 0 || second >= 10 && second <= 13;
  if (first === 14) return isContributory || second === 14;
  return isContributory && (first === 0 || first >= 10 && first <= 13);
}
