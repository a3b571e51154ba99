import { vmxExitName } from "@ioeventfd/uapi";
import * as vmcs from "../hw/vmcs.ts";
import { kvmEntryText, kvmExitText } from "../trace/tracepoint_text.ts";
import type { VcpuContext } from "./vcpu_context.ts";

/** Traces `kvm_entry`; the error code is of an exception that has one. */
export function traceEntry(vcpu: VcpuContext): void {
  const { words, cpu } = vcpu;
  const info = words[vmcs.VMCS_ENTRY_INTR]!;
  const text = kvmEntryText(
    vcpu.vm.release.trace,
    vcpu.id,
    cpu.rip[0]!,
    cpu.rip[1]!,
    info,
    info < 0 && (info & 0x800) !== 0 ? words[vmcs.VMCS_ENTRY_ERROR]! : 0,
    false,
  );
  vcpu.trace("kvm_entry", text);
}

/** Traces `kvm_exit`. */
export function traceExit(vcpu: VcpuContext): void {
  const { words } = vcpu;
  const reason = words[vmcs.VMCS_EXIT_REASON]!;
  const text = kvmExitText(vcpu.vm.release.trace, vcpu.id, {
    reason: vmxExitName(reason) ?? `0x${reason.toString(16)}`,
    ripLo: words[vmcs.VMCS_RIP]!,
    ripHi: words[vmcs.VMCS_RIP + 1]!,
    info1Lo: words[vmcs.VMCS_QUALIFICATION]!,
    info1Hi: words[vmcs.VMCS_QUALIFICATION + 1]!,
    vectoring: words[vmcs.VMCS_VECTORING_INFO]!,
    intrInfo: words[vmcs.VMCS_INTR_INFO]!,
    errorCode: words[vmcs.VMCS_INTR_ERROR]!,
  });
  vcpu.trace("kvm_exit", text);
}
