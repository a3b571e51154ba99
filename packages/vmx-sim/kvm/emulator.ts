/**
 * KVM's instruction emulator: fetches, decodes anew at every exit, executes, and says whether the guest goes on.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import type { CpuMode, StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import { cpl, cpuMode } from "../isa/cpu_state.ts";
import { interruptReal } from "../isa/_real_interrupt.ts";
import { opcodeLength } from "../isa/_opcode_length.ts";
import { decode } from "../isa/decode.ts";
import * as decodeModule from "../isa/decode.ts";
import { deliverEvent } from "../isa/deliver.ts";
import { Instruction } from "../isa/instruction.ts";
import * as registers from "../isa/registers.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import { kvmEmulateInsnText } from "../trace/tracepoint_text.ts";
import * as counters from "../work/work_counters.ts";
import { CutStack } from "./_cut_stack.ts";
import { EmulatorPort } from "./emulator_port.ts";
import type { KvmMmu } from "./kvm_mmu.ts";
import { advanceRip, doSingleStep } from "./skip.ts";
import { emulationError, internalError } from "./userspace_exit.ts";
import * as vcpuContext from "./vcpu_context.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { RFLAGS_RF, RFLAGS_TF } = registers;
const { EMULTYPE_PF, EMULTYPE_SKIP, EMULTYPE_TRAP_UD } = uapi;
const { CS, DECODED, DONE, FAULTED, HALTED, NEED_MORE, REPEATING, STOPPED, TOO_LONG, UNDECODED } =
  contract;
const { MAX_INSTRUCTION_BYTES } = decodeModule;
const { ACCESS_FETCH, WALK_FAULT } = pageWalker;
const { P_MMIO_USER, P_TOUCH_KERNEL, P_TOUCH_USER, W_BYTES, W_DECODED, W_EMULATED, W_FETCH_READS } =
  counters;
const { COMPLETE_PIO } = vcpuContext;

/** The emulator of one vCPU. Its verbs return true when the guest goes on, false for an exit to userspace. */
export class Emulator {
  /** It executed a HLT that is not acted on yet. */
  hasHalted = false;
  /** How instructions reach memory and ports. */
  readonly port: EmulatorPort;
  readonly #vcpu: VcpuContext;
  readonly #mmu: KvmMmu;
  readonly #cut = new CutStack();
  readonly #insn = new Instruction();
  readonly #bytes = new Uint8Array(MAX_INSTRUCTION_BYTES);
  #fetched = 0;
  #mode: CpuMode = "real";

  /**
   * The emulator of one vCPU.
   *
   * @param vcpu The vCPU it serves
   * @param mmu Its MMU
   */
  constructor(vcpu: VcpuContext, mmu: KvmMmu) {
    this.#vcpu = vcpu;
    this.#mmu = mmu;
    this.port = new EmulatorPort(vcpu, mmu);
  }

  /** Userspace reads the registers: those of an instruction that waits for it are the guest's. */
  showRegisters(): void {
    this.#cut.show(this.#vcpu.cpu);
  }

  /** Userspace wrote the registers: an instruction that waits for it reads them anew. */
  forgetRegisters(): void {
    this.#cut.forget();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c x86_emulate_instruction
  /**
   * Emulates the instruction at RIP.
   *
   * @param type `EMULTYPE_*`
   * @param gpaLo Guest physical address of the exit, with `EMULTYPE_PF`
   * @param gpaHi Its high word
   */
  emulate(type: number, gpaLo: number, gpaHi: number): boolean {
    const { port } = this;
    this.#vcpu.clearException();
    const fetched = this.#fetchAndDecode();
    const insn = this.#insn;
    const isTrap = (type & EMULTYPE_TRAP_UD) !== 0;
    const isKnown = fetched === DONE && !isTrap && this.#emulates(insn);
    if (!isKnown && fetched !== FAULTED) insn.length = 0;
    this.#trace(false);
    if (isTrap) {
      // What silicon refused is #UD for the guest, unless KVM knows better; here it never does.
      this.#vcpu.queueException(6, -1);
      return true;
    }
    if (fetched === FAULTED && (type & EMULTYPE_SKIP) === 0) {
      this.#queueFault();
      return true;
    }
    if (!isKnown) return this.#fail(type);
    if ((type & EMULTYPE_SKIP) !== 0) {
      advanceRip(this.#vcpu, insn.length);
      this.#vcpu.cpu.rflags &= ~RFLAGS_RF;
      return true;
    }
    const { mmio } = port;
    mmio.isGpaAvailable = (type & EMULTYPE_PF) !== 0 && this.#vcpu.vm.release.x86.reusesFaultGpa &&
      this.#mmu.isDirect && !(insn.isString && insn.rep !== 0) && !insn.twoMemory;
    mmio.exitGpaLo = gpaLo;
    mmio.exitGpaHi = gpaHi;
    port.begin(insn);
    return this.#execute();
  }

  /** Executes the instruction again, with the data userspace brought. */
  resume(): boolean {
    return this.#execute();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_inject_realmode_interrupt
  /** Delivers an event in software, where the CPU cannot be entered; false when that fails. */
  inject(vector: number): boolean {
    this.#insn.mnemonic = "";
    this.port.begin(this.#insn);
    return deliverEvent(this.#vcpu.cpu, this.port, vector, -1, "external") === DONE;
  }

  /** The CPU met an instruction the model does not know: told to userspace as an emulation failure. */
  refuse(): void {
    this.#fetchAndDecode();
    this.#trace(false);
    this.#trace(true);
    this.#report();
  }

  // KERNEL 6.19 arch/x86/kvm/emulate.c x86_emulate_insn; x86.c x86_emulate_instruction
  #execute(): boolean {
    const { port } = this;
    const vcpu = this.#vcpu;
    const { cpu } = vcpu;
    const insn = this.#insn;
    const repeats = insn.isString && insn.rep !== 0;
    vcpu.work.current[W_EMULATED]!++;
    // Of an iteration that comes to no end the guest's flags know nothing, nor of those before it.
    const shadow = cpu.interruptShadow;
    const raw = cpu.rflags;
    for (;;) {
      port.again();
      const [ripLo, ripHi] = cpu.rip;
      const flags = vcpu.guestFlags;
      const wasCut = this.#cut.resume(cpu);
      const isTrapped = (flags & RFLAGS_TF) !== 0 || vcpu.singleStep;
      cpu.interruptShadow = 0;
      cpu.rflags = repeats ? flags : flags & ~RFLAGS_RF;
      let result = insn.run(insn, cpu, port);
      if (result === FAULTED && port.fault.software) result = this.#interrupt(ripLo!, ripHi!);
      if (result === REPEATING) cpu.rflags |= RFLAGS_RF;
      if (vcpu.singleStep) vcpu.keepStep();
      if (result === DONE || result === REPEATING || result === HALTED) {
        if (port.pio.count !== 0) {
          port.pio.count = 0;
          return false;
        }
        if (port.mmio.isNeeded) return this.#toUserspace();
        if (result === HALTED) this.hasHalted = true;
        if (result === REPEATING && !port.returnsToGuest) {
          port.nextIteration();
          continue;
        }
        return isTrapped ? doSingleStep(vcpu) : true;
      }
      // RAM was wanted and there is none: KVM lets the guest try again, for ever.
      const isRetried = result === STOPPED && port.pio.count === 0 && !port.mmio.isNeeded;
      if (isRetried) return isTrapped ? doSingleStep(vcpu) : true;
      cpu.interruptShadow = shadow;
      cpu.rflags = raw;
      if (wasCut) this.#cut.restore(cpu);
      if (result === STOPPED) {
        this.#cut.keep(insn);
        if (port.mmio.isNeeded) return this.#toUserspace();
        vcpu.completion = COMPLETE_PIO;
        return false;
      }
      if (result === FAULTED) {
        this.#queueFault();
        return true;
      }
      return this.#fail(0);
    }
  }

  #toUserspace(): boolean {
    const vcpu = this.#vcpu;
    const { work } = vcpu;
    this.port.mmio.exitToUserspace();
    if (vcpu.vm.release.x86.mmioExitsCountedInEmulator) vcpu.mmioExits++;
    work.path = work.path === P_TOUCH_KERNEL ? P_TOUCH_USER : P_MMIO_USER;
    return false;
  }

  // KERNEL 6.19 arch/x86/kvm/emulate.c emulate_int
  /** INT n, INT3 and INTO, of which KVM's emulator knows those of real mode. */
  #interrupt(ripLo: number, ripHi: number): StepResult {
    const { cpu } = this.#vcpu;
    let result: StepResult = UNDECODED;
    if (this.#mode === "real") {
      result = interruptReal(cpu, this.port, this.port.fault.vector, this.#insn.size);
      if (result === DONE) return DONE;
    }
    cpu.rip[0] = ripLo;
    cpu.rip[1] = ripHi;
    return result;
  }

  /**
   * Whether KVM's emulator knows the instruction; SGDT, SIDT and outside of 64-bit mode FXSAVE it knows, and never
   * finishes on MMIO.
   */
  #emulates({ emulated, mnemonic }: Instruction): boolean {
    return emulated || mnemonic === "sgdt" || mnemonic === "sidt" ||
      mnemonic === "fxsave" && this.#mode !== "prot64";
  }

  #queueFault(): void {
    const { fault, mmio } = this.port;
    const { cpu } = this.#vcpu;
    mmio.isNeeded = false;
    if (fault.vector === 14) {
      cpu.cr2Lo = fault.cr2Lo;
      cpu.cr2Hi = fault.cr2Hi;
    }
    this.#vcpu.queueException(fault.vector, fault.errorCode);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c handle_emulation_failure
  #fail(type: number): boolean {
    const vcpu = this.#vcpu;
    const rules = vcpu.vm.release.x86;
    this.#trace(true);
    if ((type & EMULTYPE_SKIP) !== 0) {
      if (rules.skipFailureReexecutes) return true;
      this.#report();
      return false;
    }
    vcpu.queueException(6, -1);
    if (vcpu.guestMode) return true;
    if (rules.emulationFailure !== "any-cpl" && cpl(vcpu.cpu) !== 0) return true;
    this.#report();
    return false;
  }

  #report(): void {
    if (this.#vcpu.vm.release.x86.emulationFailure === "cpl0-with-bytes") {
      emulationError(this.#vcpu, this.#bytes, this.#fetched);
    } else internalError(this.#vcpu, 1, []);
  }

  // KERNEL 6.19 arch/x86/kvm/emulate.c x86_decode_insn, __do_insn_fetch_bytes
  /** `DONE`, `FAULTED`, or `UNDECODED`. */
  #fetchAndDecode(): number {
    const { cpu } = this.#vcpu;
    const insn = this.#insn;
    const mode = cpuMode(cpu);
    this.#mode = mode;
    this.#fetched = 0;
    insn.length = 0;
    let lo = cpu.rip[0]!;
    let hi = cpu.rip[1]!;
    let most: number = MAX_INSTRUCTION_BYTES;
    if (mode !== "prot64") {
      const cs = cpu.seg[CS]!;
      const limit = cs.limit >>> 0;
      if ((lo >>> 0) > limit) return this.#protection();
      if (limit !== 0xffff_ffff) most = Math.min(most, limit + 1 - (lo >>> 0));
      lo = (lo + cs.baseLo) | 0;
      hi = 0;
    }
    const room = Math.min(most, 4096 - (lo & 0xfff));
    let result = this.#fetch(lo, hi, room);
    if (result !== DONE) return result;
    this.#vcpu.work.current[W_DECODED]!++;
    let decoded = decode(this.#bytes, room, mode, insn);
    if (decoded === NEED_MORE && room < most) {
      const nextLo = (lo + room) | 0;
      const carries = nextLo === 0 && mode === "prot64";
      result = this.#fetch(nextLo, carries ? (hi + 1) | 0 : hi, most - room);
      if (result !== DONE) return result;
      decoded = decode(this.#bytes, most, mode, insn);
    }
    if (decoded === DECODED) {
      // Of prefixes that the CPU ignores, the last counts.
      if (insn.ignoredSegment >= 0) insn.segment = insn.ignoredSegment;
      return DONE;
    }
    insn.length = 0;
    // The end of the segment, or more than 15 bytes.
    return decoded === NEED_MORE || decoded === TOO_LONG ? this.#protection() : UNDECODED;
  }

  #protection(): number {
    const { fault } = this.port;
    fault.vector = 13;
    fault.errorCode = 0;
    return FAULTED;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_fetch_guest_virt
  #fetch(lo: number, hi: number, count: number): number {
    const { vm, work } = this.#vcpu;
    const access = this.#mmu.userAccess | ACCESS_FETCH;
    if (this.#mmu.translate(lo, hi, access, W_FETCH_READS) === WALK_FAULT) {
      const { fault } = this.port;
      fault.vector = 14;
      fault.errorCode = this.#mmu.walker.errorCode;
      fault.cr2Lo = lo;
      fault.cr2Hi = hi;
      return FAULTED;
    }
    const { gpaLo, gpaHi } = this.#mmu.walker;
    if (!vm.memory.find(gpaLo, gpaHi)) return UNDECODED;
    const from = vm.memory.bytes, at = vm.memory.offset + (gpaLo & 0xfff);
    const to = this.#bytes, fetched = this.#fetched;
    for (let i = 0; i < count; i++) to[fetched + i] = from[at + i]!;
    this.#fetched = fetched + count;
    work.current[W_BYTES]! += count;
    return DONE;
  }

  #trace(failed: boolean): void {
    const vcpu = this.#vcpu;
    if (!vcpu.isTracing) return;
    const { cpu } = vcpu;
    const base = cpu.seg[CS]!.baseLo;
    const length = this.#insn.length || opcodeLength(this.#bytes, this.#fetched, this.#mode);
    const [ripLo, ripHi] = cpu.rip;
    vcpu.trace(
      "kvm_emulate_insn",
      kvmEmulateInsnText(base, ripLo!, ripHi!, this.#bytes, length, this.#mode, failed),
    );
  }
}
