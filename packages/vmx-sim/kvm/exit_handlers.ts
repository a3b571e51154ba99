/**
 * What KVM does about each exit of the CPU.
 *
 * @module
 */
import type { X86Rules } from "@ioeventfd/uapi";
import * as uapi from "@ioeventfd/uapi";
import * as siliconPort from "../hw/silicon_port.ts";
import * as vmcs from "../hw/vmcs.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import { kvmFastMmioText, kvmPageFaultText } from "../trace/tracepoint_text.ts";
import * as counters from "../work/work_counters.ts";
import * as runFields from "./_kvm_run_fields.ts";
import * as busDispatch from "./bus_dispatch.ts";
import { deliveryError, simultaneousError, u64, unexpectedExit } from "./_fatal_exits.ts";
import { Emulator } from "./emulator.ts";
import type { IoBus } from "@ioeventfd/kvm-core";
import type { FaultResult } from "./kvm_mmu.ts";
import { KvmMmu } from "./kvm_mmu.ts";
import * as kvmMmu from "./kvm_mmu.ts";
import { PioExit } from "./pio_exit.ts";
import { finishSkip, queueDebug } from "./skip.ts";
import * as skip from "./skip.ts";
import { SystemExits } from "./system_exits.ts";
import { debugExit, haltVcpu, plainExit, unknownExit } from "./userspace_exit.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const {
  EMULTYPE_PF,
  EMULTYPE_SKIP,
  EMULTYPE_TRAP_UD,
  EXIT_REASON_CPUID,
  EXIT_REASON_CR_ACCESS,
  EXIT_REASON_EPT_MISCONFIG,
  EXIT_REASON_EPT_VIOLATION,
  EXIT_REASON_EXCEPTION_NMI,
  EXIT_REASON_HLT,
  EXIT_REASON_IO_INSTRUCTION,
  EXIT_REASON_MSR_READ,
  EXIT_REASON_MSR_WRITE,
  EXIT_REASON_TRIPLE_FAULT,
  EXIT_REASON_WBINVD,
  joinWords,
  KVM_EXIT_INTERNAL_ERROR,
  KVM_EXIT_SHUTDOWN,
} = uapi;
const { EXIT_REASON_INVLPG } = siliconPort;
const {
  VMCS_EXIT_REASON,
  VMCS_INTR_ERROR,
  VMCS_INTR_INFO,
  VMCS_PHYSICAL,
  VMCS_QUALIFICATION,
  VMCS_RIP,
  VMCS_VECTORING_ERROR,
  VMCS_VECTORING_INFO,
} = vmcs;
const { ACCESS_USER, ACCESS_WRITE } = pageWalker;
const { P_EXCEPTION, P_FAST, P_OTHER, P_RAM, P_TOUCH_KERNEL } = counters;
const { RUN_DEBUG_DR7, RUN_EXIT_REASON } = runFields;
const { fastBusWrite } = busDispatch;
const { FAULT_BUG, FAULT_EMULATE, FAULT_INVALID, FAULT_RETRY } = kvmMmu;
const { skipInstruction } = skip;

/** Page fault error code: a reserved bit was set, which KVM does on purpose. */
const ACCESS_RESERVED = 8;

/** Handlers of one vCPU. Every one returns true when the guest goes on, false for an exit to userspace. */
export class ExitHandlers {
  /** KVM's MMU. */
  declare readonly mmu: KvmMmu;
  /** KVM's emulator. */
  declare readonly emulator: Emulator;
  /** Port I/O. */
  declare readonly pio: PioExit;
  /** The last exit mapped memory and nothing else: the guest repeats its instruction. */
  hasMapped = false;
  readonly #vcpu: VcpuContext;
  readonly #words: Int32Array = new Int32Array(0);
  readonly #rules: X86Rules;
  readonly #system: SystemExits;
  /** The fast bus, where this release asks it. */
  readonly #fastBus: IoBus | null;
  /** A fast hit needs more than its instruction skipped by length: a trace event, or decoding. */
  readonly #isFastHitSpecial: boolean;

  /**
   * The handlers of one vCPU.
   *
   * @param vcpu The vCPU they serve
   */
  constructor(vcpu: VcpuContext) {
    this.#vcpu = vcpu;
    this.#words = vcpu.words;
    this.#rules = vcpu.vm.release.x86;
    this.mmu = new KvmMmu(vcpu);
    this.emulator = new Emulator(vcpu, this.mmu);
    this.pio = new PioExit(vcpu, this.emulator);
    this.#system = new SystemExits(vcpu, this.emulator, this.mmu);
    this.#fastBus = this.#rules.fastMmio ? vcpu.vm.fastBus : null;
    this.#isFastHitSpecial = vcpu.isTracing ||
      vcpu.vm.hostIsVirtualised && this.#rules.fastSkipWhenNested === "decode";
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c __vmx_handle_exit
  /** Handles the exit in the VMCS. */
  handle(): boolean {
    const words = this.#words;
    const reason = words[VMCS_EXIT_REASON]!;
    if (words[VMCS_VECTORING_INFO]! < 0 && !this.#mayVector(reason)) return false;
    if (reason === EXIT_REASON_EPT_MISCONFIG) return this.misconfig();
    switch (reason) {
      case EXIT_REASON_EPT_VIOLATION:
        return this.#violation();
      case EXIT_REASON_IO_INSTRUCTION:
        return this.pio.handle();
      case EXIT_REASON_EXCEPTION_NMI:
        return this.#exception();
      case EXIT_REASON_HLT:
        return this.#halt();
      case EXIT_REASON_TRIPLE_FAULT:
        plainExit(this.#vcpu, KVM_EXIT_SHUTDOWN);
        return false;
      case EXIT_REASON_CPUID:
      case EXIT_REASON_CR_ACCESS:
      case EXIT_REASON_MSR_READ:
      case EXIT_REASON_MSR_WRITE:
      case EXIT_REASON_WBINVD:
      case EXIT_REASON_INVLPG:
        return this.#system.handle(reason);
      default:
        return unexpectedExit(this.#vcpu, reason);
    }
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_emulate_halt: KVM_EXIT_HLT takes the place of a debugger's exit
  #halt(): boolean {
    const goesOn = skipInstruction(this.#vcpu, this.#rules.genericSkip);
    return haltVcpu(this.#vcpu) && goesOn;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c vmx_complete_interrupts
  /** An exit that cut the delivery of an event short: the event is delivered again, but most reasons are fatal. */
  #mayVector(reason: number): boolean {
    const words = this.#words;
    this.#vcpu.queueEvent(words[VMCS_VECTORING_INFO]!, words[VMCS_VECTORING_ERROR]!);
    const isAllowed = reason === EXIT_REASON_EXCEPTION_NMI ||
      reason === EXIT_REASON_EPT_VIOLATION ||
      reason === EXIT_REASON_EPT_MISCONFIG && !this.#rules.misconfigWhileVectoringFatal;
    if (isAllowed) return true;
    return deliveryError(
      this.#vcpu,
      reason === EXIT_REASON_EPT_MISCONFIG ? u64(words, VMCS_PHYSICAL) : null,
    );
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c vmx_check_emulate_instruction
  #refusesEmulation(): boolean {
    return this.#words[VMCS_VECTORING_INFO]! < 0 && this.#rules.refusesEmulationWhileVectoring;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_ept_misconfig
  /** Handles an EPT misconfig. An event whose delivery it cut short is queued by then. */
  misconfig(): boolean {
    const words = this.#words;
    const vcpu = this.#vcpu;
    if (this.#refusesEmulation()) return true;
    const gpaLo = words[VMCS_PHYSICAL]!;
    const gpaHi = words[VMCS_PHYSICAL + 1]!;
    const fastBus = this.#fastBus;
    if (
      fastBus !== null && (!vcpu.guestMode || this.#rules.fastHitInL2) &&
      fastBusWrite(fastBus, vcpu.work, gpaLo, gpaHi) === 0
    ) {
      vcpu.work.path = P_FAST;
      if (this.#isFastHitSpecial) return this.#fastHit(gpaLo, gpaHi);
      return skipInstruction(vcpu, this.#rules.fastSingleStep);
    }
    return this.#mmio(gpaLo, gpaHi);
  }

  #mmio(gpaLo: number, gpaHi: number): boolean {
    const vcpu = this.#vcpu;
    // KERNEL 4.4 arch/x86/kvm/vmx.c handle_ept_misconfig; 6.19 arch/x86/kvm/mmu/mmu.c kvm_mmu_page_fault
    let result: FaultResult = this.mmu.mmioFault(gpaLo, gpaHi);
    if (result === FAULT_BUG) {
      unknownExit(vcpu, EXIT_REASON_EPT_MISCONFIG);
      return false;
    }
    const isStale = result === FAULT_INVALID;
    if (isStale) result = this.mmu.directFault(gpaLo, gpaHi, 0);
    if (result !== FAULT_EMULATE) {
      vcpu.work.path = P_RAM;
      return true;
    }
    return isStale
      ? this.#emulateFault(gpaLo, gpaHi)
      : this.emulator.emulate(EMULTYPE_PF, gpaLo, gpaHi);
  }

  #fastHit(gpaLo: number, gpaHi: number): boolean {
    const vcpu = this.#vcpu;
    const rules = this.#rules;
    if (vcpu.isTracing && rules.fastTracepoint === "before-skip") {
      vcpu.trace("kvm_fast_mmio", kvmFastMmioText(gpaLo, gpaHi));
    }
    let goesOn: boolean;
    if (vcpu.vm.hostIsVirtualised && rules.fastSkipWhenNested === "decode") {
      goesOn = this.emulator.emulate(EMULTYPE_SKIP, 0, 0) &&
        finishSkip(vcpu, rules.fastSingleStep);
    } else goesOn = skipInstruction(vcpu, rules.fastSingleStep);
    if (vcpu.isTracing && rules.fastTracepoint === "after-skip") {
      vcpu.trace("kvm_fast_mmio", kvmFastMmioText(gpaLo, gpaHi));
    }
    return goesOn;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_ept_violation
  #violation(): boolean {
    const words = this.#words;
    const gpaLo = words[VMCS_PHYSICAL]!;
    const gpaHi = words[VMCS_PHYSICAL + 1]!;
    const qualification = words[VMCS_QUALIFICATION]!;
    this.#traceFault(gpaLo, gpaHi, qualification);
    const access = qualification & ACCESS_WRITE;
    return this.#afterFault(this.mmu.directFault(gpaLo, gpaHi, access), gpaLo, gpaHi);
  }

  /** Emulates, or lets the guest try again. */
  #afterFault(result: FaultResult, lo: number, hi: number): boolean {
    const vcpu = this.#vcpu;
    if (result !== FAULT_EMULATE) {
      vcpu.work.path = P_RAM;
      this.hasMapped = result === FAULT_RETRY;
      return true;
    }
    vcpu.work.path = P_TOUCH_KERNEL;
    return this.#emulateFault(lo, hi);
  }

  #emulateFault(lo: number, hi: number): boolean {
    const vcpu = this.#vcpu;
    if (this.#refusesEmulation()) return deliveryError(vcpu, joinWords(lo, hi));
    const goesOn = this.emulator.emulate(EMULTYPE_PF, lo, hi);
    if (goesOn || this.#rules.mmioExitsCountedInEmulator) return goesOn;
    // KERNEL 4.4 arch/x86/kvm/mmu.c kvm_mmu_page_fault: a failed emulation is not counted
    if (vcpu.runView.getUint32(RUN_EXIT_REASON, true) !== KVM_EXIT_INTERNAL_ERROR) vcpu.mmioExits++;
    return false;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_exception_nmi
  #exception(): boolean {
    const words = this.#words;
    const vcpu = this.#vcpu;
    const info = words[VMCS_INTR_INFO]!;
    const vector = info & 0xff;
    vcpu.work.path = P_EXCEPTION;
    if (vector === 6) return this.emulator.emulate(EMULTYPE_TRAP_UD, 0, 0);
    const code = words[VMCS_INTR_ERROR]!;
    const mapsMemory = vector === 14 && (code & ACCESS_RESERVED) === 0;
    if (words[VMCS_VECTORING_INFO]! < 0 && !mapsMemory) return simultaneousError(vcpu, info, code);
    if (vector === 14) return this.#pageFault();
    if (vector === 1) return this.#debug();
    vcpu.queueEvent(info, code);
    return true;
  }

  #debug(): boolean {
    const vcpu = this.#vcpu;
    const status = this.#words[VMCS_QUALIFICATION]!;
    if (vcpu.singleStep) {
      debugExit(vcpu, status);
      vcpu.runView.setBigUint64(RUN_DEBUG_DR7, BigInt(vcpu.cpu.debug[7]! >>> 0), true);
      return false;
    }
    queueDebug(vcpu, status);
    return true;
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c kvm_handle_page_fault, kvm_mmu_page_fault
  /** A page fault with shadow paging. */
  #pageFault(): boolean {
    const words = this.#words;
    const vcpu = this.#vcpu;
    const lo = words[VMCS_QUALIFICATION]!;
    const hi = words[VMCS_QUALIFICATION + 1]!;
    const code = words[VMCS_INTR_ERROR]!;
    this.#traceFault(lo, hi, code);
    if ((code & ACCESS_RESERVED) === 0) {
      const access = code & (ACCESS_WRITE | ACCESS_USER | 16);
      return this.#afterFault(this.mmu.shadowFault(lo, hi, access), lo, hi);
    }
    const result = this.mmu.mmioFault(lo, hi);
    if (result === FAULT_INVALID) {
      const access = code & (ACCESS_WRITE | ACCESS_USER | 16);
      return this.#afterFault(this.mmu.shadowFault(lo, hi, access), lo, hi);
    }
    if (result !== FAULT_EMULATE) return true;
    vcpu.work.path = P_OTHER;
    return this.#emulateFault(lo, hi);
  }

  #traceFault(lo: number, hi: number, code: number): void {
    const vcpu = this.#vcpu;
    if (!vcpu.isTracing) return;
    const text = kvmPageFaultText(
      vcpu.vm.release.trace,
      vcpu.id,
      this.#words[VMCS_RIP]!,
      this.#words[VMCS_RIP + 1]!,
      lo,
      hi,
      code,
    );
    vcpu.trace("kvm_page_fault", text);
  }
}
