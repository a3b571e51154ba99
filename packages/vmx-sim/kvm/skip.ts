/**
 * How RIP moves past an instruction that KVM dealt with.
 *
 * @module
 */
import * as vmcs from "../hw/vmcs.ts";
import { cpuMode } from "../isa/cpu_state.ts";
import * as registers from "../isa/registers.ts";
import { debugExit } from "./userspace_exit.ts";
import { DR6_ACTIVE_LOW } from "./vcpu_context.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { RFLAGS_TF } = registers;
const { VMCS_INSTRUCTION_LENGTH } = vmcs;

/** DR6: a single step. */
const DR6_BS = 0x4000;

/** Moves RIP past an instruction that was decoded. */
export function advanceRip(vcpu: VcpuContext, length: number): void {
  const { rip } = vcpu.cpu;
  const from = rip[0]!;
  rip[0] = from + length;
  if ((from & ~rip[0]!) < 0) carry(vcpu, true);
}

// KERNEL 4.4 arch/x86/kvm/vmx.c skip_emulated_instruction; 6.19 arch/x86/kvm/x86.c kvm_skip_emulated_instruction
/**
 * Skips the instruction by the length the CPU gave, and ends the interrupt shadow.
 *
 * @param reportsTrap Whether a set TF is honoured
 * @returns False when that led to an exit to userspace
 */
export function skipInstruction(vcpu: VcpuContext, reportsTrap: boolean): boolean {
  const { words, cpu } = vcpu;
  const length = words[VMCS_INSTRUCTION_LENGTH]!;
  const { rip } = cpu;
  const from = rip[0]!;
  const to = (from + length) | 0;
  // A length of 0 leaves RIP where it is: the guest executes the instruction again.
  rip[0] = to;
  if ((from & ~to) < 0) carry(vcpu, vcpu.vm.release.x86.genericSkip);
  cpu.interruptShadow = 0;
  if (!reportsTrap || (cpu.rflags & RFLAGS_TF) === 0) return true;
  return doSingleStep(vcpu);
}

/** What follows a skip by other means than the length. */
export function finishSkip(vcpu: VcpuContext, reportsTrap: boolean): boolean {
  vcpu.cpu.interruptShadow = 0;
  if (!reportsTrap || (vcpu.cpu.rflags & RFLAGS_TF) === 0) return true;
  return doSingleStep(vcpu);
}

/** RIP's low word wrapped: outside 64-bit mode the carry is dropped where the release does so. */
function carry(vcpu: VcpuContext, truncates: boolean): void {
  const { cpu } = vcpu;
  if (!truncates || cpuMode(cpu) === "prot64") cpu.rip[1]!++;
}

// KERNEL 6.19 arch/x86/kvm/x86.c kvm_vcpu_do_singlestep
/** A debugger's single step is KVM_EXIT_DEBUG; the guest's own is #DB with DR6.BS. */
export function doSingleStep(vcpu: VcpuContext): boolean {
  if (vcpu.singleStep) {
    debugExit(vcpu, DR6_BS);
    return false;
  }
  queueDebug(vcpu, DR6_BS);
  return true;
}

// KERNEL 6.19 arch/x86/kvm/x86.c kvm_deliver_exception_payload
/** #DB for the guest, and what it was for into DR6. */
export function queueDebug(vcpu: VcpuContext, status: number): void {
  const { debug } = vcpu.cpu;
  debug[6] = (debug[6]! & ~0xf | DR6_ACTIVE_LOW | status) & ~0x1000;
  vcpu.queueException(1, -1);
}
