import {
  decodeRunInternalError,
  KVM_EXIT_DEBUG,
  KVM_EXIT_FAIL_ENTRY,
  KVM_EXIT_HLT,
  KVM_EXIT_INTERNAL_ERROR,
  KVM_EXIT_INTR,
  KVM_EXIT_IO,
  KVM_EXIT_IRQ_WINDOW_OPEN,
  KVM_EXIT_MMIO,
  KVM_EXIT_SHUTDOWN,
  KVM_EXIT_UNKNOWN,
  type VcpuExit,
} from "@ioeventfd/uapi";

/** The exit in `struct kvm_run`, in the typed spelling; `data` lies in the mapping itself. */
export function readVcpuExit(run: Uint8Array, view: DataView): VcpuExit {
  const reason = view.getUint32(8, true);
  switch (reason) {
    case KVM_EXIT_MMIO: {
      const len = view.getUint32(48, true);
      return {
        reason: "mmio",
        addr: view.getBigUint64(32, true),
        len,
        write: run[52] !== 0,
        data: run.subarray(40, 40 + len),
      };
    }
    case KVM_EXIT_IO: {
      const size = run[33] as 1 | 2 | 4;
      const count = view.getUint32(36, true);
      const at = view.getUint32(40, true);
      return {
        reason: "io",
        port: view.getUint16(34, true),
        size,
        count,
        write: run[32] !== 0,
        data: run.subarray(at, at + size * count),
      };
    }
    case KVM_EXIT_HLT:
      return { reason: "hlt" };
    case KVM_EXIT_SHUTDOWN:
      return { reason: "shutdown" };
    case KVM_EXIT_DEBUG:
      return { reason: "debug" };
    case KVM_EXIT_IRQ_WINDOW_OPEN:
      return { reason: "irq_window_open" };
    case KVM_EXIT_INTR:
      return { reason: "intr" };
    case KVM_EXIT_UNKNOWN:
      return { reason: "unknown", hardwareExitReason: view.getBigUint64(32, true) };
    case KVM_EXIT_FAIL_ENTRY:
      return { reason: "fail_entry", hardwareEntryFailureReason: view.getBigUint64(32, true) };
    case KVM_EXIT_INTERNAL_ERROR: {
      const { suberror, ndata, data } = decodeRunInternalError(run);
      return { reason: "internal_error", suberror, data: data.slice(0, ndata) };
    }
    default:
      return { reason: "other", exitReason: reason };
  }
}
