/**
 * Where the fields of `struct kvm_run` are, in bytes from its start, for code that reads and writes them in place.
 *
 * @module
 */
import {
  RUN_FAIL_ENTRY_LAYOUT,
  RUN_HEAD_LAYOUT,
  RUN_INTERNAL_ERROR_LAYOUT,
  RUN_IO_LAYOUT,
  RUN_MMIO_LAYOUT,
  RUN_UNKNOWN_LAYOUT,
} from "@ioeventfd/uapi";

const { fields: head } = RUN_HEAD_LAYOUT;
export const RUN_REQUEST_INTERRUPT_WINDOW: number = head.requestInterruptWindow.offset;
export const RUN_IMMEDIATE_EXIT: number = head.immediateExit.offset;
export const RUN_EXIT_REASON: number = head.exitReason.offset;
export const RUN_READY_FOR_INTERRUPT: number = head.readyForInterruptInjection.offset;
export const RUN_IF_FLAG: number = head.ifFlag.offset;
export const RUN_CR8: number = head.cr8.offset;
export const RUN_APIC_BASE: number = head.apicBase.offset;

const { fields: io } = RUN_IO_LAYOUT;
export const RUN_IO_DIRECTION: number = io.direction.offset;
export const RUN_IO_SIZE: number = io.size.offset;
export const RUN_IO_PORT: number = io.port.offset;
export const RUN_IO_COUNT: number = io.count.offset;
export const RUN_IO_DATA_OFFSET: number = io.dataOffset.offset;

const { fields: mmio } = RUN_MMIO_LAYOUT;
export const RUN_MMIO_PHYS_ADDR: number = mmio.physAddr.offset;
export const RUN_MMIO_DATA: number = mmio.data.offset;
export const RUN_MMIO_LEN: number = mmio.len.offset;
export const RUN_MMIO_IS_WRITE: number = mmio.isWrite.offset;

const { fields: internal } = RUN_INTERNAL_ERROR_LAYOUT;
export const RUN_INTERNAL_SUBERROR: number = internal.suberror.offset;
export const RUN_INTERNAL_NDATA: number = internal.ndata.offset;
export const RUN_INTERNAL_DATA: number = internal.data.offset;

export const RUN_HW_REASON: number = RUN_UNKNOWN_LAYOUT.fields.hardwareExitReason.offset;
export const RUN_FAIL_ENTRY_REASON: number =
  RUN_FAIL_ENTRY_LAYOUT.fields.hardwareEntryFailureReason.offset;

// KERNEL 6.19 arch/x86/include/uapi/asm/kvm.h struct kvm_debug_exit_arch: where the union begins
export const RUN_DEBUG_EXCEPTION = 32;
export const RUN_DEBUG_PC = 40;
export const RUN_DEBUG_DR6 = 48;
export const RUN_DEBUG_DR7 = 56;
