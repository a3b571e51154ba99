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
import * as field from "./kvm/_kvm_run_fields.ts";

/** The exit in `struct kvm_run`, in the typed spelling; `data` lies in the mapping itself. */
export function readVcpuExit(run: Uint8Array, view: DataView): VcpuExit {
  const reason = view.getUint32(field.RUN_EXIT_REASON, true);
  switch (reason) {
    case KVM_EXIT_MMIO: {
      const len = view.getUint32(field.RUN_MMIO_LEN, true);
      return {
        reason: "mmio",
        addr: view.getBigUint64(field.RUN_MMIO_PHYS_ADDR, true),
        len,
        write: run[field.RUN_MMIO_IS_WRITE] !== 0,
        data: run.subarray(field.RUN_MMIO_DATA, field.RUN_MMIO_DATA + len),
      };
    }
    case KVM_EXIT_IO: {
      const size = run[field.RUN_IO_SIZE] as 1 | 2 | 4;
      const count = view.getUint32(field.RUN_IO_COUNT, true);
      const at = view.getUint32(field.RUN_IO_DATA_OFFSET, true);
      return {
        reason: "io",
        port: view.getUint16(field.RUN_IO_PORT, true),
        size,
        count,
        write: run[field.RUN_IO_DIRECTION] !== 0,
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
      return {
        reason: "unknown",
        hardwareExitReason: view.getBigUint64(field.RUN_HW_REASON, true),
      };
    case KVM_EXIT_FAIL_ENTRY:
      return {
        reason: "fail_entry",
        hardwareEntryFailureReason: view.getBigUint64(field.RUN_FAIL_ENTRY_REASON, true),
      };
    case KVM_EXIT_INTERNAL_ERROR: {
      const { suberror, ndata, data } = decodeRunInternalError(run);
      return { reason: "internal_error", suberror, data: data.slice(0, ndata) };
    }
    default:
      return { reason: "other", exitReason: reason };
  }
}
