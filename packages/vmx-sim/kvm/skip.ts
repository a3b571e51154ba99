/**
 * How RIP moves past an instruction that KVM dealt with.
 *
 * @module
 */
import {
  VMCS_INSTRUCTION_LENGTH,
  VMCS_INTERRUPTIBILITY,
  VMCS_QUALIFICATION,
  VMCS_RIP,
} from "../hw/vmcs.ts";
import { cpuMode } from "../isa/cpu_state.ts";
import { debugExit } from "./userspace_exit.ts";
import type { VcpuContext } from "./vcpu_context.ts";

/** Adds to RIP; outside 64-bit mode a carry out of bit 31 is dropped where the release does so. */
export function advanceRip(vcpu: VcpuContext, length: number, truncates: boolean): void {
  const { cpu, words } = vcpu;
  const sum = (cpu.rip[0]! >>> 0) + length;
  cpu.rip[0] = sum | 0;
  if (sum > 0xffff_ffff && !(truncates && cpuMode(cpu) !== "prot64")) cpu.rip[1]!++;
  words[VMCS_RIP] = cpu.rip[0]!;
  words[VMCS_RIP + 1] = cpu.rip[1]!;
}

// KERNEL 4.4 arch/x86/kvm/vmx.c skip_emulated_instruction; 6.19 arch/x86/kvm/x86.c kvm_skip_emulated_instruction
/**
 * Skips the instruction by the length the CPU gave, and ends the interrupt shadow.
 *
 * @param reportsTrap Whether a set TF is honoured
 * @returns False when that led to an exit to userspace
 */
export function skipInstruction(vcpu: VcpuContext, reportsTrap: boolean): boolean {
  const length = vcpu.words[VMCS_INSTRUCTION_LENGTH]!;
  // A length of 0 leaves RIP where it is: the guest executes the instruction again.
  if (length !== 0) advanceRip(vcpu, length, vcpu.vm.release.x86.genericSkip);
  return finishSkip(vcpu, reportsTrap);
}

/** What follows the move of RIP. */
export function finishSkip(vcpu: VcpuContext, reportsTrap: boolean): boolean {
  vcpu.cpu.interruptShadow = 0;
  vcpu.words[VMCS_INTERRUPTIBILITY] = 0;
  if (!reportsTrap) return true;
  if ((vcpu.cpu.rflags & 0x100) === 0 && !vcpu.singleStep) return true;
  return doSingleStep(vcpu);
}

// KERNEL 6.19 arch/x86/kvm/x86.c kvm_vcpu_do_singlestep
/** A debugger's single step is KVM_EXIT_DEBUG; the guest's own is #DB with DR6.BS. */
export function doSingleStep(vcpu: VcpuContext): boolean {
  if (vcpu.singleStep) {
    debugExit(vcpu);
    return false;
  }
  vcpu.cpu.debug[6]! |= 0x4000;
  vcpu.words[VMCS_QUALIFICATION] = 0x4000;
  vcpu.queueException(1, -1);
  return true;
}
