/**
 * Exits of the CPU after which KVM gives up on the guest, or on what it was about to do for it.
 *
 * @module
 */
import {
  joinWords,
  KVM_INTERNAL_ERROR_DELIVERY_EV,
  KVM_INTERNAL_ERROR_SIMUL_EX,
  KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON,
} from "@ioeventfd/uapi";
import * as vmcs from "../hw/vmcs.ts";
import { internalError, unknownExit } from "./userspace_exit.ts";
import type { VcpuContext } from "./vcpu_context.ts";

/** The host CPU of the last entry, which userspace is told: the model has one. */
const LAST_ENTRY_CPU = 0;

/** A field of the VMCS as one number. */
export function u64(words: Int32Array, at: number): bigint {
  return joinWords(words[at]!, words[at + 1]!);
}

// KERNEL 4.4 arch/x86/kvm/vmx.c vmx_handle_exit; 6.19 arch/x86/kvm/x86.c kvm_prepare_event_vectoring_exit
/**
 * Suberror 3: an event was being delivered.
 *
 * @param address Guest physical address of the access, or null
 */
export function deliveryError(vcpu: VcpuContext, address: bigint | null): false {
  const { words, vm } = vcpu;
  const format = vm.release.x86.deliveryErrorData;
  const data: (number | bigint)[] = [
    words[vmcs.VMCS_VECTORING_INFO]! >>> 0,
    words[vmcs.VMCS_EXIT_REASON]!,
  ];
  if (format !== "two") data.push(u64(words, vmcs.VMCS_QUALIFICATION));
  if (format === "five" || format !== "two" && address !== null) data.push(address ?? -1);
  if (format !== "two") data.push(LAST_ENTRY_CPU);
  internalError(vcpu, KVM_INTERNAL_ERROR_DELIVERY_EV, data);
  return false;
}

// KERNEL 3.16 arch/x86/kvm/vmx.c handle_exception; 6.19 arch/x86/kvm/vmx/vmx.c handle_exception_nmi
/** Suberror 2: an exception while an event was being delivered, which no mapping of memory helps. */
export function simultaneousError(vcpu: VcpuContext, info: number, code: number): false {
  const data = [
    vcpu.words[vmcs.VMCS_VECTORING_INFO]! >>> 0,
    info >>> 0,
    code,
    LAST_ENTRY_CPU,
  ];
  data.length = vcpu.vm.release.x86.simultaneousExceptionData;
  internalError(vcpu, KVM_INTERNAL_ERROR_SIMUL_EX, data);
  return false;
}

// KERNEL 4.4 arch/x86/kvm/vmx.c vmx_handle_exit; 6.19 arch/x86/kvm/vmx/vmx.c __vmx_handle_exit: no handler
/** An exit reason that KVM has no handler for. */
export function unexpectedExit(vcpu: VcpuContext, reason: number): boolean {
  switch (vcpu.vm.release.x86.unexpectedExit) {
    case "inject-ud":
      vcpu.queueException(6, -1);
      return true;
    case "unknown":
      unknownExit(vcpu, reason);
      return false;
    default:
      internalError(vcpu, KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON, [reason, LAST_ENTRY_CPU]);
      return false;
  }
}
