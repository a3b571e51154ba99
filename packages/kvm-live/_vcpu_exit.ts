import {
  decodeRunInternalError,
  decodeRunIo,
  decodeRunMmio,
  KVM_EXIT_DEBUG,
  KVM_EXIT_FAIL_ENTRY,
  KVM_EXIT_HLT,
  KVM_EXIT_INTERNAL_ERROR,
  KVM_EXIT_INTR,
  KVM_EXIT_IO,
  KVM_EXIT_IO_OUT,
  KVM_EXIT_IRQ_WINDOW_OPEN,
  KVM_EXIT_MMIO,
  KVM_EXIT_SHUTDOWN,
  KVM_EXIT_UNKNOWN,
  RUN_INTERNAL_ERROR_LAYOUT,
  type VcpuExit,
} from "@ioeventfd/uapi";

/** Bytes of `struct kvm_run` that an exit may need: the longest is an internal error. */
export const RUN_BYTES: number = RUN_INTERNAL_ERROR_LAYOUT.size;

/**
 * An exit as the contract tells it.
 *
 * @param reason `KVM_EXIT_*`
 * @param run The first {@linkcode RUN_BYTES} of `struct kvm_run`
 * @param readAt Reads bytes of the vCPU mapping, for the data of port accesses
 */
export function decodeExit(
  reason: number,
  run: Uint8Array,
  readAt: (offset: number, size: number) => Uint8Array,
): VcpuExit {
  switch (reason) {
    case KVM_EXIT_IO: {
      const { direction, size, port, count, dataOffset } = decodeRunIo(run);
      const write = direction === KVM_EXIT_IO_OUT;
      const bytes = size * count;
      const data = write ? readAt(Number(dataOffset), bytes) : new Uint8Array(bytes);
      return { reason: "io", port, size: size as 1 | 2 | 4, count, write, data };
    }
    case KVM_EXIT_MMIO: {
      const { physAddr, data, len, isWrite } = decodeRunMmio(run);
      const write = isWrite !== 0;
      return {
        reason: "mmio",
        addr: physAddr,
        len,
        write,
        data: write ? data.subarray(0, len) : new Uint8Array(len),
      };
    }
    case KVM_EXIT_HLT:
      return { reason: "hlt" };
    case KVM_EXIT_SHUTDOWN:
      return { reason: "shutdown" };
    case KVM_EXIT_INTERNAL_ERROR: {
      const { suberror, ndata, data } = decodeRunInternalError(run);
      return { reason: "internal_error", suberror, data: data.slice(0, ndata) };
    }
    case KVM_EXIT_FAIL_ENTRY:
      return { reason: "fail_entry", hardwareEntryFailureReason: firstWord(run) };
    case KVM_EXIT_DEBUG:
      return { reason: "debug" };
    case KVM_EXIT_IRQ_WINDOW_OPEN:
      return { reason: "irq_window_open" };
    case KVM_EXIT_UNKNOWN:
      return { reason: "unknown", hardwareExitReason: firstWord(run) };
    case KVM_EXIT_INTR:
      return { reason: "intr" };
    default:
      return { reason: "other", exitReason: reason };
  }
}

function firstWord(run: Uint8Array): bigint {
  return new DataView(run.buffer, run.byteOffset).getBigUint64(32, true);
}
