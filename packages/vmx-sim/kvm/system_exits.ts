/**
 * Exits of instructions that touch the system: CPUID, MSRs, control registers, caches, translations.
 *
 * @module
 */
import {
  EXIT_REASON_CPUID,
  EXIT_REASON_CR_ACCESS,
  EXIT_REASON_MSR_READ,
  EXIT_REASON_MSR_WRITE,
} from "@ioeventfd/uapi";
import { EXIT_REASON_INVLPG } from "../hw/silicon_port.ts";
import { VMCS_QUALIFICATION } from "../hw/vmcs.ts";
import { DONE, RAX, RBX, RCX, RDX } from "../isa/contract.ts";
import type { StepResult } from "../isa/contract.ts";
import type { Emulator } from "./emulator.ts";
import type { KvmMmu } from "./kvm_mmu.ts";
import { skipInstruction } from "./skip.ts";
import type { VcpuContext } from "./vcpu_context.ts";

/** Handlers of one vCPU's system instructions; true when the guest goes on. */
export class SystemExits {
  readonly #vcpu: VcpuContext;
  readonly #emulator: Emulator;
  readonly #mmu: KvmMmu;

  /**
   * The handler of one vCPU.
   *
   * @param vcpu The vCPU it serves
   * @param emulator Whose port keeps MSRs and control registers
   * @param mmu Its MMU
   */
  constructor(vcpu: VcpuContext, emulator: Emulator, mmu: KvmMmu) {
    this.#vcpu = vcpu;
    this.#emulator = emulator;
    this.#mmu = mmu;
  }

  /** The exit in the VMCS. */
  handle(reason: number): boolean {
    const vcpu = this.#vcpu;
    const { gpr } = vcpu.cpu;
    const { port } = this.#emulator;
    let result: StepResult = DONE;
    switch (reason) {
      case EXIT_REASON_CPUID:
        port.cpuid(gpr[RAX * 2]!, gpr[RCX * 2]!);
        this.#setLow(RAX, port.words[0]!);
        this.#setLow(RBX, port.words[1]!);
        this.#setLow(RCX, port.words[2]!);
        this.#setLow(RDX, port.words[3]!);
        break;
      case EXIT_REASON_MSR_READ:
        result = port.readMsr(gpr[RCX * 2]!);
        if (result !== DONE) break;
        this.#setLow(RAX, port.words[0]!);
        this.#setLow(RDX, port.words[1]!);
        break;
      case EXIT_REASON_MSR_WRITE:
        port.words[0] = gpr[RAX * 2]!;
        port.words[1] = gpr[RDX * 2]!;
        result = port.writeMsr(gpr[RCX * 2]!);
        break;
      case EXIT_REASON_CR_ACCESS:
        port.words[0] = vcpu.silicon.controlValue % 0x1_0000_0000 | 0;
        port.words[1] = Math.floor(vcpu.silicon.controlValue / 0x1_0000_0000);
        result = port.writeControl(vcpu.words[VMCS_QUALIFICATION]! & 0xf);
        break;
      case EXIT_REASON_INVLPG:
        this.#mmu.invalidatePage(
          vcpu.words[VMCS_QUALIFICATION]!,
          vcpu.words[VMCS_QUALIFICATION + 1]!,
        );
    }
    if (result !== DONE) {
      vcpu.queueException(port.fault.vector, port.fault.errorCode);
      return true;
    }
    return skipInstruction(vcpu, vcpu.vm.release.x86.genericSkip);
  }

  #setLow(register: number, value: number): void {
    this.#vcpu.cpu.gpr[register * 2] = value;
    this.#vcpu.cpu.gpr[register * 2 + 1] = 0;
  }
}
