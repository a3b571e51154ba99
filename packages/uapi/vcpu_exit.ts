/**
 * The exit in `struct kvm_run`.
 *
 * @module
 */
import type { VcpuExit } from "./backend.ts";
import {
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
} from "./exit_reason.ts";
import {
  decodeRunInternalError,
  KVM_EXIT_IO_OUT,
  RUN_FAIL_ENTRY_LAYOUT,
  RUN_HEAD_LAYOUT,
  RUN_IO_LAYOUT,
  RUN_MMIO_LAYOUT,
  RUN_UNKNOWN_LAYOUT,
} from "./kvm_run.ts";

const EXIT_REASON = RUN_HEAD_LAYOUT.fields.exitReason.offset;
const { direction, size: ioSize, port, count: ioCount, dataOffset } = RUN_IO_LAYOUT.fields;
const { physAddr, data: mmioData, len: mmioLen, isWrite } = RUN_MMIO_LAYOUT.fields;
const HARDWARE_EXIT = RUN_UNKNOWN_LAYOUT.fields.hardwareExitReason.offset;
const HARDWARE_ENTRY = RUN_FAIL_ENTRY_LAYOUT.fields.hardwareEntryFailureReason.offset;

/**
 * Gives the bytes of a port or MMIO access.
 *
 * @param run The vCPU mapping
 * @param offset Where they are in it
 * @param size How many
 * @param write The guest wrote them; else it waits for them there
 */
export type AccessBytes = (
  run: DataView,
  offset: number,
  size: number,
  write: boolean,
) => Uint8Array;

/**
 * Reads why `KVM_RUN` came back.
 *
 * @param run The vCPU mapping, or its first 168 bytes where `bytes` has the rest
 * @param bytes Gives the data of an access; unless told otherwise the mapping itself, where an answer is written too
 * @returns The exit
 * @throws {RangeError} for a mapping that is too short
 *
 * @example A store of two bytes
 * ```ts
 * import { decodeVcpuExit, encodeRunMmio, KVM_EXIT_MMIO } from "@ioeventfd/uapi";
 *
 * const run = new Uint8Array(4096), view = new DataView(run.buffer);
 * view.setUint32(8, KVM_EXIT_MMIO, true);
 * encodeRunMmio({ physAddr: 0xd0000050n, data: new Uint8Array(8), len: 2, isWrite: 1 }, run);
 * const exit = decodeVcpuExit(view);
 * if (exit.reason !== "mmio" || exit.data.length !== 2) throw new Error("misread");
 * ```
 */
export function decodeVcpuExit(run: DataView, bytes: AccessBytes = inPlace): VcpuExit {
  const reason = run.getUint32(EXIT_REASON, true);
  switch (reason) {
    case KVM_EXIT_MMIO: {
      const len = run.getUint32(mmioLen.offset, true);
      const write = run.getUint8(isWrite.offset) !== 0;
      const addr = run.getBigUint64(physAddr.offset, true);
      return { reason: "mmio", addr, len, write, data: bytes(run, mmioData.offset, len, write) };
    }
    case KVM_EXIT_IO: {
      const size = run.getUint8(ioSize.offset) as 1 | 2 | 4;
      const count = run.getUint32(ioCount.offset, true);
      const write = run.getUint8(direction.offset) === KVM_EXIT_IO_OUT;
      const at = run.getUint32(dataOffset.offset, true); // a u64, but within the mapping
      return {
        reason: "io",
        port: run.getUint16(port.offset, true),
        size,
        count,
        write,
        data: bytes(run, at, size * count, write),
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
      return { reason: "unknown", hardwareExitReason: run.getBigUint64(HARDWARE_EXIT, true) };
    case KVM_EXIT_FAIL_ENTRY:
      return {
        reason: "fail_entry",
        hardwareEntryFailureReason: run.getBigUint64(HARDWARE_ENTRY, true),
      };
    case KVM_EXIT_INTERNAL_ERROR: {
      const all = new Uint8Array(run.buffer, run.byteOffset, run.byteLength);
      const { suberror, ndata, data } = decodeRunInternalError(all);
      return { reason: "internal_error", suberror, data: data.slice(0, ndata) };
    }
    default:
      return { reason: "other", exitReason: reason };
  }
}

function inPlace(run: DataView, offset: number, size: number): Uint8Array {
  return new Uint8Array(run.buffer, run.byteOffset + offset, size);
}
