/**
 * Exits to userspace that carry no access: halts, errors and the like, written into `struct kvm_run`.
 *
 * @module
 */
import {
  KVM_EXIT_DEBUG,
  KVM_EXIT_FAIL_ENTRY,
  KVM_EXIT_HLT,
  KVM_EXIT_INTERNAL_ERROR,
  KVM_EXIT_UNKNOWN,
  KVM_INTERNAL_ERROR_EMULATION,
} from "@ioeventfd/uapi";
import {
  VMCS_EXIT_REASON,
  VMCS_INTR_ERROR,
  VMCS_INTR_INFO,
  VMCS_QUALIFICATION,
  VMCS_VECTORING_INFO,
} from "../hw/vmcs.ts";
import { W_USER_OTHER } from "../work/work_counters.ts";
import * as field from "./_kvm_run_fields.ts";
import { DR6_ACTIVE_LOW, HALTED } from "./vcpu_context.ts";
import type { VcpuContext } from "./vcpu_context.ts";

/** An exit with a reason alone. */
export function plainExit(vcpu: VcpuContext, reason: number): void {
  vcpu.runView.setUint32(field.RUN_EXIT_REASON, reason, true);
  vcpu.work.current[W_USER_OTHER]!++;
}

// KERNEL 6.19 arch/x86/kvm/x86.c __kvm_emulate_halt
/** HLT: KVM_EXIT_HLT, or with a LAPIC in the kernel a vCPU that waits there. True when it stays in the kernel. */
export function haltVcpu(vcpu: VcpuContext): boolean {
  if (vcpu.lapic !== null) {
    vcpu.activity = HALTED;
    return true;
  }
  plainExit(vcpu, KVM_EXIT_HLT);
  return false;
}

/** KVM_EXIT_UNKNOWN with the hardware's exit reason. */
export function unknownExit(vcpu: VcpuContext, hardwareReason: number): void {
  plainExit(vcpu, KVM_EXIT_UNKNOWN);
  vcpu.runView.setBigUint64(field.RUN_HW_REASON, BigInt(hardwareReason), true);
}

/** KVM_EXIT_FAIL_ENTRY with the hardware's reason. */
export function failEntryExit(vcpu: VcpuContext, hardwareReason: number): void {
  plainExit(vcpu, KVM_EXIT_FAIL_ENTRY);
  vcpu.runView.setBigUint64(field.RUN_FAIL_ENTRY_REASON, BigInt(hardwareReason), true);
}

/**
 * KVM_EXIT_DEBUG for a #DB. DR7 is left as it is: KVM tells it only of the #DB of the CPU.
 *
 * @param status What it was for, as in DR6
 */
export function debugExit(vcpu: VcpuContext, status: number): void {
  plainExit(vcpu, KVM_EXIT_DEBUG);
  const { runView: view } = vcpu;
  view.setUint32(field.RUN_DEBUG_EXCEPTION, 1, true);
  view.setInt32(field.RUN_DEBUG_PC, vcpu.linearRipLo, true);
  view.setInt32(field.RUN_DEBUG_PC + 4, vcpu.linearRipHi, true);
  view.setBigUint64(field.RUN_DEBUG_DR6, BigInt((status | DR6_ACTIVE_LOW) >>> 0), true);
}

/** KVM_EXIT_INTERNAL_ERROR. */
export function internalError(
  vcpu: VcpuContext,
  suberror: number,
  data: readonly (number | bigint)[],
): void {
  plainExit(vcpu, KVM_EXIT_INTERNAL_ERROR);
  const { runView: view } = vcpu;
  view.setUint32(field.RUN_INTERNAL_SUBERROR, suberror, true);
  view.setUint32(field.RUN_INTERNAL_NDATA, data.length, true);
  data.forEach((value, i) =>
    view.setBigUint64(field.RUN_INTERNAL_DATA + i * 8, BigInt.asUintN(64, BigInt(value)), true)
  );
}

// KERNEL 6.19 arch/x86/kvm/x86.c prepare_emulation_failure_exit
/** Suberror 1 with the bytes of the instruction and the exit's information. */
export function emulationError(vcpu: VcpuContext, bytes: Uint8Array, length: number): void {
  const { words } = vcpu;
  const info = [0n, 0n, 0n];
  if (length > 0) {
    const shown = new Uint8Array(16).fill(0x90);
    shown[0] = length;
    shown.set(bytes.subarray(0, length), 1);
    const view = new DataView(shown.buffer);
    info[0] = 1n;
    info[1] = view.getBigUint64(0, true);
    info[2] = view.getBigUint64(8, true);
  }
  internalError(vcpu, KVM_INTERNAL_ERROR_EMULATION, [
    ...info,
    BigInt(words[VMCS_EXIT_REASON]! >>> 0),
    BigInt(words[VMCS_QUALIFICATION + 1]! >>> 0) << 32n | BigInt(words[VMCS_QUALIFICATION]! >>> 0),
    BigInt(words[VMCS_VECTORING_INFO]! >>> 0),
    BigInt(words[VMCS_INTR_INFO]! >>> 0),
    BigInt(words[VMCS_INTR_ERROR]! >>> 0),
  ]);
}
