/**
 * The exit of an I/O instruction.
 *
 * @module
 */
import * as vmcs from "../hw/vmcs.ts";
import * as contract from "../isa/contract.ts";
import * as counters from "../work/work_counters.ts";
import type { Emulator } from "./emulator.ts";
import type { PioAccess } from "./pio_access.ts";
import * as skip from "./skip.ts";
import * as vcpuContext from "./vcpu_context.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { VMCS_INSTRUCTION_LENGTH, VMCS_QUALIFICATION } = vmcs;
const { CS } = contract;
const { P_PIO_KERNEL, P_PIO_USER } = counters;
const { skipInstruction } = skip;
const { COMPLETE_FAST_IN, COMPLETE_FAST_OUT } = vcpuContext;

/** Handler of one vCPU's I/O instructions; true when the guest goes on. */
export class PioExit {
  readonly #vcpu: VcpuContext;
  readonly #emulator: Emulator;
  readonly #access: PioAccess;
  readonly #value = new Uint8Array(4);
  readonly #view = new DataView(this.#value.buffer);
  #linearLo = 0;
  #linearHi = 0;

  /**
   * The handler of one vCPU.
   *
   * @param vcpu The vCPU it serves
   * @param emulator Where string instructions go
   */
  constructor(vcpu: VcpuContext, emulator: Emulator) {
    this.#vcpu = vcpu;
    this.#emulator = emulator;
    this.#access = emulator.port.pio;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_io
  /** The exit in the VMCS. */
  handle(): boolean {
    const vcpu = this.#vcpu;
    const rules = vcpu.vm.release.x86;
    const qualification = vcpu.words[VMCS_QUALIFICATION]!;
    const isIn = (qualification & 8) !== 0;
    vcpu.ioExits++;
    vcpu.work.path = P_PIO_KERNEL;
    if ((qualification & 0x10) !== 0 || isIn && !rules.fastPioIn) {
      const goesOn = this.#emulator.emulate(0, 0, 0);
      if (!goesOn && vcpu.work.path === P_PIO_KERNEL) vcpu.work.path = P_PIO_USER;
      return goesOn;
    }
    const port = qualification >>> 16;
    const size = (qualification & 7) + 1;
    return isIn ? this.#in(port, size) : this.#out(port, size);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_fast_pio_out; 4.4 arch/x86/kvm/vmx.c handle_io
  #out(port: number, size: number): boolean {
    const vcpu = this.#vcpu;
    const rules = vcpu.vm.release.x86;
    const value = vcpu.cpu.gpr[0]!;
    if (rules.outAdvancesRipFirst) {
      skipInstruction(vcpu, rules.genericSkip);
      const isTaken = this.#access.out(port, size, value);
      this.#access.count = 0;
      return isTaken;
    }
    if (this.#access.out(port, size, value)) return skipInstruction(vcpu, rules.genericSkip);
    this.#access.count = 0;
    if (port === 0x7e && rules.port7eQuirk) {
      skipInstruction(vcpu, rules.genericSkip);
      return false;
    }
    this.#remember();
    vcpu.completion = COMPLETE_FAST_OUT;
    return false;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_fast_pio_in
  #in(port: number, size: number): boolean {
    const vcpu = this.#vcpu;
    this.#seed(size);
    if (this.#access.in(port, size, 1, this.#value)) {
      this.#take(size);
      return skipInstruction(vcpu, vcpu.vm.release.x86.genericSkip);
    }
    this.#remember();
    vcpu.completion = COMPLETE_FAST_IN;
    return false;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c complete_fast_pio_in
  /** Userspace answered an IN. */
  completeIn(): boolean {
    const { size } = this.#access;
    if (!this.#isSameRip()) {
      this.#access.count = 0;
      return true;
    }
    this.#access.takeAnswer(this.#value);
    this.#take(size);
    return this.#skipCompleted();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c complete_fast_pio_out
  /** Userspace took an OUT: RIP moves, unless userspace moved it. */
  completeOut(): boolean {
    return this.#isSameRip() ? this.#skipCompleted() : true;
  }

  #skipCompleted(): boolean {
    this.#vcpu.words[VMCS_INSTRUCTION_LENGTH] = this.#length;
    return skipInstruction(this.#vcpu, this.#vcpu.vm.release.x86.genericSkip);
  }

  #length = 0;

  #remember(): void {
    this.#length = this.#vcpu.words[VMCS_INSTRUCTION_LENGTH]!;
    const { cpu } = this.#vcpu;
    this.#linearLo = (cpu.rip[0]! + cpu.seg[CS]!.baseLo) | 0;
    this.#linearHi = cpu.rip[1]!;
  }

  #isSameRip(): boolean {
    const { cpu } = this.#vcpu;
    return this.#linearLo === ((cpu.rip[0]! + cpu.seg[CS]!.baseLo) | 0) &&
      this.#linearHi === cpu.rip[1]!;
  }

  /** What stands where a device in the kernel puts its answer: RAX, and for 4 bytes nothing. */
  #seed(size: number): void {
    this.#view.setInt32(0, size < 4 ? this.#vcpu.cpu.gpr[0]! : 0, true);
  }

  /** The answer goes into RAX: 4 bytes clear the upper half, fewer leave the rest. */
  #take(size: number): void {
    const { gpr } = this.#vcpu.cpu;
    const view = this.#view;
    if (size === 4) {
      gpr[0] = view.getInt32(0, true);
      gpr[1] = 0;
    } else if (size === 2) gpr[0] = (gpr[0]! & ~0xffff) | view.getUint16(0, true);
    else gpr[0] = (gpr[0]! & ~0xff) | view.getUint8(0);
  }
}
