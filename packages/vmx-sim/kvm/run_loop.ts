/**
 * `KVM_RUN`: completes what userspace was asked for, then enters the guest and handles its exits until one needs
 * userspace.
 *
 * @module
 */
import { hex, joinWords, KvmError, kvmExitName } from "@ioeventfd/uapi";
import * as uapi from "@ioeventfd/uapi";
import * as silicon from "../hw/silicon.ts";
import * as vmcs from "../hw/vmcs.ts";
import * as contract from "../isa/contract.ts";
import * as registers from "../isa/registers.ts";
import { kvmUserspaceExitText } from "../trace/tracepoint_text.ts";
import * as counters from "../work/work_counters.ts";
import * as runFields from "./_kvm_run_fields.ts";
import { traceEntry, traceExit } from "./_trace_entries.ts";
import { ExitHandlers } from "./exit_handlers.ts";
import { failEntryExit, haltVcpu, plainExit } from "./userspace_exit.ts";
import * as vcpuContext from "./vcpu_context.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME, RFLAGS_IF } = registers;
const { CS } = contract;
const { KVM_EXIT_INTR, KVM_EXIT_IRQ_WINDOW_OPEN, KVM_EXIT_SHUTDOWN } = uapi;
const { UNKNOWN_INSTRUCTION, VM_EXIT } = silicon;
const { VMCS_ENTRY_INTR, VMCS_INTERRUPTIBILITY, VMCS_RFLAGS, VMCS_RIP } = vmcs;
const { W_EXITS } = counters;
const {
  RUN_APIC_BASE,
  RUN_CR8,
  RUN_EXIT_REASON,
  RUN_IF_FLAG,
  RUN_IMMEDIATE_EXIT,
  RUN_READY_FOR_INTERRUPT,
  RUN_REQUEST_INTERRUPT_WINDOW,
} = runFields;
const {
  ACTIVE,
  COMPLETE_FAST_IN,
  COMPLETE_FAST_OUT,
  COMPLETE_MMIO,
  COMPLETE_NOTHING,
  COMPLETE_PIO,
  HALTED,
  SHUT_DOWN,
} = vcpuContext;

/** Instructions between two looks at the clock. */
const slice = 0x1_0000;

/** Page faults of one instruction: two pages each of code, source and destination, and five tables for each. */
const mostFaults = 36;

/** Hardware's reason for an entry that failed. */
const INVALID_GUEST_STATE = 0x8000_0021;

/** Enter the guest; enter it for one instruction; KVM ran one itself; leave for userspace. */
const ENTER = 0, ONE_STEP = 1, EMULATED = 2, LEAVE = 3;

/** The loop of one vCPU. */
export class RunLoop {
  /** Handlers of its exits. */
  declare readonly handlers: ExitHandlers;
  /** Vector of the interrupt userspace queued (`KVM_INTERRUPT`), or −1. */
  pendingInterrupt: number = -1;
  readonly #vcpu: VcpuContext;
  #zapsSeen = 0;
  #isEmulating = false;

  /**
   * The loop of one vCPU.
   *
   * @param vcpu The vCPU it runs
   */
  constructor(vcpu: VcpuContext) {
    this.#vcpu = vcpu;
    this.handlers = new ExitHandlers(vcpu);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl_run
  /**
   * Runs up to the next exit to userspace, which is then in `struct kvm_run`.
   *
   * @param maxInstructions Instructions after which it gives up
   * @param timeoutMs Milliseconds after which it gives up
   * @returns Whether it gave up: EINTR, and what is in `struct kvm_run` may be of an earlier exit
   */
  run(maxInstructions: number, timeoutMs: number): boolean {
    const vcpu = this.#vcpu;
    // The VM's owner may have written to memory in between.
    vcpu.vm.code.epoch++;
    if (vcpu.lapic === null) this.#takePriority();
    const isInterrupted = !this.#complete() ? false : !this.#enter(maxInstructions, timeoutMs);
    this.#saveHead();
    if (!vcpu.isTracing) return isInterrupted;
    const reason = vcpu.runView.getUint32(RUN_EXIT_REASON, true);
    const text = kvmUserspaceExitText(reason, kvmExitName(reason) ?? "", isInterrupted ? 4 : 0);
    vcpu.trace("kvm_userspace_exit", text);
    return isInterrupted;
  }

  /** Without a LAPIC in the kernel CR8 is what userspace left in `struct kvm_run`. */
  #takePriority(): void {
    const { cpu, runView } = this.#vcpu;
    const lo = runView.getUint32(RUN_CR8, true), hi = runView.getUint32(RUN_CR8 + 4, true);
    if (lo > 0xf || hi !== 0) {
      const detail = `CR8 is ${hex(joinWords(lo, hi))} in kvm_run: it has 4 bits`;
      throw new KvmError("EINVAL", { check: "cr8", detail });
    }
    cpu.cr8 = lo;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c post_kvm_run_save
  #saveHead(): void {
    const { cpu, run, runView: view, hasPic, words, apicBaseLo, apicBaseHi } = this.#vcpu;
    // The VMCS is the CPU's at exits; from here on userspace may look at it.
    words[VMCS_RIP] = cpu.rip[0]!;
    words[VMCS_RIP + 1] = cpu.rip[1]!;
    words[VMCS_RFLAGS] = cpu.rflags;
    words[VMCS_INTERRUPTIBILITY] = cpu.interruptShadow;
    const isOpen = (cpu.rflags & RFLAGS_IF) !== 0;
    run[RUN_READY_FOR_INTERRUPT] = hasPic || this.#isWindowOpen() && this.pendingInterrupt < 0
      ? 1
      : 0;
    run[RUN_IF_FLAG] = isOpen ? 1 : 0;
    view.setUint32(RUN_CR8, cpu.cr8, true);
    view.setInt32(RUN_APIC_BASE, apicBaseLo, true);
    view.setInt32(RUN_APIC_BASE + 4, apicBaseHi, true);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_vcpu_ready_for_interrupt_injection
  /** Whether the guest takes an interrupt from userspace at its next instruction. */
  #isWindowOpen(): boolean {
    const { cpu, lapic, words } = this.#vcpu;
    return (cpu.rflags & RFLAGS_IF) !== 0 && cpu.interruptShadow === 0 &&
      words[VMCS_ENTRY_INTR]! >= 0 && (lapic === null || lapic.passesExternal);
  }

  /** What the last exit left open: false when that leads to another exit. */
  #complete(): boolean {
    const vcpu = this.#vcpu;
    const { emulator, pio } = this.handlers;
    const { completion } = vcpu;
    vcpu.completion = COMPLETE_NOTHING;
    switch (completion) {
      case COMPLETE_MMIO:
        if (emulator.port.mmio.complete()) {
          emulator.port.mmio.exitToUserspace();
          return false;
        }
        return emulator.port.mmio.isWrite ? true : emulator.resume();
      case COMPLETE_PIO:
        return emulator.resume();
      case COMPLETE_FAST_IN:
        return pio.completeIn();
      case COMPLETE_FAST_OUT:
        return pio.completeOut();
      default:
        return true;
    }
  }

  /** Enters the guest again and again. False when interrupted, true for an exit in `struct kvm_run`. */
  #enter(maxInstructions: number, timeoutMs: number): boolean {
    const vcpu = this.#vcpu;
    const rules = vcpu.vm.release.x86;
    if (rules.immediateExit && vcpu.run[RUN_IMMEDIATE_EXIT] !== 0) return false;
    if (this.#isEntryInvalid()) {
      // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c vmx_handle_exit: VM-entry failure, invalid guest state
      failEntryExit(vcpu, INVALID_GUEST_STATE);
      return true;
    }
    const deadline = timeoutMs === Infinity ? Infinity : Date.now() + timeoutMs;
    let left = maxInstructions;
    for (;;) {
      if (vcpu.activity === SHUT_DOWN) {
        vcpu.activity = ACTIVE;
        plainExit(vcpu, KVM_EXIT_SHUTDOWN);
        return true;
      }
      const isOver = left <= 0 || vcpu.activity === HALTED ||
        deadline !== Infinity && Date.now() >= deadline;
      if (isOver) {
        plainExit(vcpu, KVM_EXIT_INTR);
        return false;
      }
      const spent = this.#slice(left < slice ? left : slice);
      if (spent < 0) return true;
      left -= spent;
    }
  }

  /** Enters the guest for so many instructions at most: those spent, or −1 for an exit in `struct kvm_run`. */
  #slice(steps: number): number {
    const vcpu = this.#vcpu;
    const { silicon, work, tables } = vcpu;
    const { handlers } = this;
    const isWatched = work.counting || vcpu.isTracing || vcpu.vm.paging === "shadow" ||
      vcpu.run[RUN_REQUEST_INTERRUPT_WINDOW] !== 0 || this.pendingInterrupt >= 0;
    let left = steps;
    let mapped = 0;
    silicon.noticeCode();
    while (left > 0 && vcpu.activity === ACTIVE) {
      if (tables.zapCount !== this.#zapsSeen) {
        this.#zapsSeen = tables.zapCount;
        silicon.flush();
      }
      let allowed = left;
      if (isWatched) {
        const entry = this.#beforeEntry();
        if (entry === LEAVE) return -1;
        if (entry === EMULATED) {
          left--;
          continue;
        }
        if (entry === ONE_STEP) allowed = 1;
      }
      const result = silicon.run(allowed);
      const spent = allowed - silicon.stepsLeft;
      left -= spent;
      if (result === VM_EXIT) {
        // An exit without an instruction, such as one in the delivery of an event, must come to an end too.
        if (spent === 0) left--;
        if (isWatched) {
          work.current[W_EXITS]!++;
          if (vcpu.isTracing) traceExit(vcpu);
        }
        if (!handlers.handle()) return -1;
        if (handlers.hasMapped) {
          // An instruction that is repeated counts once; more faults than it can have are a loop.
          handlers.hasMapped = false;
          if (spent > 1) mapped = 0;
          if (spent > 0 && mapped++ < mostFaults) left++;
        }
        if (spent === 1 && !isWatched) left = this.#ringAgain(left);
        if (left < 0) return -1;
      } else if (result === UNKNOWN_INSTRUCTION) {
        handlers.emulator.refuse();
        return -1;
      }
    }
    return steps - left;
  }

  /**
   * Entries that nobody watches, as long as the guest leaves by a store that rang before, and by nothing else: what is
   * left of the instructions, or −1 for an exit in `struct kvm_run`.
   */
  #ringAgain(left: number): number {
    const vcpu = this.#vcpu;
    const { silicon, tables } = vcpu;
    const { handlers } = this;
    while (left > 0 && vcpu.activity === ACTIVE && tables.zapCount === this.#zapsSeen) {
      if (!silicon.ringsAgain()) break;
      left--;
      if (!handlers.misconfig()) return -1;
    }
    return left;
  }

  /** What is looked at before an entry only when somebody watches, or asked for an interrupt window. */
  #beforeEntry(): number {
    const vcpu = this.#vcpu;
    if (vcpu.work.counting) vcpu.closeExit();
    if (this.#interruptWindow()) return LEAVE;
    const isInvalid = vcpu.vm.paging === "shadow" && this.#needsEmulation();
    // KERNEL 4.4 arch/x86/kvm/x86.c vcpu_enter_guest; 5.15, 6.19 arch/x86/kvm/vmx/vmx.c vmx_vcpu_run
    const isTraced = !isInvalid || !this.#isEmulating && vcpu.vm.release.trace.entryBeforeCheck;
    this.#isEmulating = isInvalid;
    if (vcpu.isTracing && isTraced) traceEntry(vcpu);
    if (isInvalid) return this.#emulateInvalid() ? EMULATED : LEAVE;
    // Instead of an exit when the window opens, the guest is looked at after each instruction.
    return this.pendingInterrupt >= 0 || vcpu.run[RUN_REQUEST_INTERRUPT_WINDOW] !== 0
      ? ONE_STEP
      : ENTER;
  }

  /** Control registers that contradict each other, set where the release did not look. */
  #isEntryInvalid(): boolean {
    const { cr0, efer, cr4 } = this.#vcpu.cpu;
    const isPaged = (cr0 & CR0_PG) !== 0;
    if (isPaged && (cr0 & CR0_PE) === 0) return true;
    const isLong = isPaged && (efer & EFER_LME) !== 0;
    return isLong !== ((efer & EFER_LMA) !== 0) || isLong && (cr4 & CR4_PAE) === 0;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c __vmx_guest_state_valid, rmode_segment_valid
  /** Without EPT there is no unrestricted guest: real mode with unusual segments KVM emulates itself. */
  #needsEmulation(): boolean {
    const { cpu } = this.#vcpu;
    if ((cpu.cr0 & CR0_PE) !== 0) return false;
    for (let index = 0; index < cpu.seg.length; index++) {
      const { selector, baseLo, baseHi, limit, rights } = cpu.seg[index]!;
      // Present, writable and accessed data; of CS the type does not count.
      const isPlain = index === CS ? (rights & 0x1_f090) === 0x90 : (rights & 0x1_f09f) === 0x93;
      const isAtParagraph = baseLo === selector << 4 && baseHi === 0 && limit >>> 0 === 0xffff;
      if (!isPlain || !isAtParagraph) return true;
    }
    return false;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_invalid_guest_state
  #emulateInvalid(): boolean {
    const { words } = this.#vcpu;
    const { emulator } = this.handlers;
    const event = words[VMCS_ENTRY_INTR]!;
    words[VMCS_ENTRY_INTR] = 0;
    if (event < 0 && !emulator.inject(event & 0xff)) {
      plainExit(this.#vcpu, KVM_EXIT_SHUTDOWN);
      return false;
    }
    if (!emulator.emulate(0, 0, 0)) return false;
    if (!emulator.hasHalted) return true;
    emulator.hasHalted = false;
    return haltVcpu(this.#vcpu);
  }

  /**
   * Injects an interrupt that userspace queued, where the CPU takes it; true for an exit to userspace. Without a LAPIC in
   * the kernel nobody waits for the guest to open the window, and the CPU refuses to enter.
   */
  #interruptWindow(): boolean {
    const vcpu = this.#vcpu;
    const isOpen = this.#isWindowOpen();
    if (this.pendingInterrupt >= 0) {
      const isPushed = vcpu.lapic === null && vcpu.words[VMCS_ENTRY_INTR]! >= 0;
      if (isOpen || isPushed && this.#isVirtual8086()) {
        vcpu.queueEvent(0x8000_0000 | this.pendingInterrupt, 0);
        this.pendingInterrupt = -1;
      } else if (isPushed) {
        failEntryExit(vcpu, INVALID_GUEST_STATE);
        return true;
      }
      return false;
    }
    if (!isOpen || vcpu.run[RUN_REQUEST_INTERRUPT_WINDOW] === 0 || vcpu.hasPic) return false;
    plainExit(vcpu, KVM_EXIT_IRQ_WINDOW_OPEN);
    return true;
  }

  /** Real mode without an unrestricted guest, where KVM delivers events itself. */
  #isVirtual8086(): boolean {
    return this.#vcpu.vm.paging === "shadow" && (this.#vcpu.cpu.cr0 & CR0_PE) === 0;
  }
}
