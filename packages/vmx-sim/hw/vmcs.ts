/**
 * The VMCS: what the CPU and KVM tell each other at an exit and an entry, field by field in a typed array.
 *
 * @module
 */
import {
  CPU_BASED_VM_EXEC_CONTROL,
  EPT_POINTER,
  EXIT_QUALIFICATION,
  GUEST_INTERRUPTIBILITY_INFO,
  GUEST_LINEAR_ADDRESS,
  GUEST_PHYSICAL_ADDRESS,
  GUEST_RFLAGS,
  GUEST_RIP,
  IDT_VECTORING_INFO_FIELD,
  IO_BITMAP_A,
  IO_BITMAP_B,
  SECONDARY_VM_EXEC_CONTROL,
  VM_EXIT_INSTRUCTION_LEN,
  VM_EXIT_INTR_INFO,
  VM_EXIT_REASON,
  VMX_INSTRUCTION_INFO,
} from "@ioeventfd/uapi";

/** Interruption information of the exit: error code. */
export const VM_EXIT_INTR_ERROR_CODE = 0x4406;
/** Error code of the event whose delivery the exit cut short. */
export const IDT_VECTORING_ERROR_CODE = 0x440a;
/** Event to inject at the entry. */
export const VM_ENTRY_INTR_INFO_FIELD = 0x4016;
/** Error code of the event to inject. */
export const VM_ENTRY_EXCEPTION_ERROR_CODE = 0x4018;

/**
 * Index in `Vmcs.words` of a field's low word; the high word follows. For the path of an exit, which has no time to
 * look encodings up.
 */
export const VMCS_EXIT_REASON = 0,
  VMCS_INTR_INFO = 2,
  VMCS_INTR_ERROR = 4,
  VMCS_VECTORING_INFO = 6,
  VMCS_VECTORING_ERROR = 8,
  VMCS_INSTRUCTION_LENGTH = 10,
  VMCS_INSTRUCTION_INFO = 12,
  VMCS_QUALIFICATION = 14,
  VMCS_LINEAR = 16,
  VMCS_PHYSICAL = 18,
  VMCS_RIP = 20,
  VMCS_RFLAGS = 22,
  VMCS_INTERRUPTIBILITY = 24,
  VMCS_ENTRY_INTR = 26,
  VMCS_ENTRY_ERROR = 28,
  VMCS_EPT_POINTER = 30,
  VMCS_PRIMARY_CONTROLS = 32,
  VMCS_SECONDARY_CONTROLS = 34,
  VMCS_IO_BITMAP_A = 36,
  VMCS_IO_BITMAP_B = 38;

const indexOf: ReadonlyMap<number, number> = new Map([
  [VM_EXIT_REASON, VMCS_EXIT_REASON],
  [VM_EXIT_INTR_INFO, VMCS_INTR_INFO],
  [VM_EXIT_INTR_ERROR_CODE, VMCS_INTR_ERROR],
  [IDT_VECTORING_INFO_FIELD, VMCS_VECTORING_INFO],
  [IDT_VECTORING_ERROR_CODE, VMCS_VECTORING_ERROR],
  [VM_EXIT_INSTRUCTION_LEN, VMCS_INSTRUCTION_LENGTH],
  [VMX_INSTRUCTION_INFO, VMCS_INSTRUCTION_INFO],
  [EXIT_QUALIFICATION, VMCS_QUALIFICATION],
  [GUEST_LINEAR_ADDRESS, VMCS_LINEAR],
  [GUEST_PHYSICAL_ADDRESS, VMCS_PHYSICAL],
  [GUEST_RIP, VMCS_RIP],
  [GUEST_RFLAGS, VMCS_RFLAGS],
  [GUEST_INTERRUPTIBILITY_INFO, VMCS_INTERRUPTIBILITY],
  [VM_ENTRY_INTR_INFO_FIELD, VMCS_ENTRY_INTR],
  [VM_ENTRY_EXCEPTION_ERROR_CODE, VMCS_ENTRY_ERROR],
  [EPT_POINTER, VMCS_EPT_POINTER],
  [CPU_BASED_VM_EXEC_CONTROL, VMCS_PRIMARY_CONTROLS],
  [SECONDARY_VM_EXEC_CONTROL, VMCS_SECONDARY_CONTROLS],
  [IO_BITMAP_A, VMCS_IO_BITMAP_A],
  [IO_BITMAP_B, VMCS_IO_BITMAP_B],
]);

/** The VMCS of one vCPU. */
export class Vmcs {
  /** Every field, low word and high word. */
  readonly words: Int32Array = new Int32Array(40);

  /**
   * VMREAD.
   *
   * @param encoding Field encoding, e.g. `GUEST_PHYSICAL_ADDRESS`
   * @returns The field, zero-extended
   * @throws {RangeError} for a field the model does not have
   */
  read(encoding: number): bigint {
    const at = this.#at(encoding);
    return BigInt(this.words[at + 1]! >>> 0) << 32n | BigInt(this.words[at]! >>> 0);
  }

  /**
   * VMWRITE.
   *
   * @param encoding Field encoding
   * @param value Its new value, cut to 64 bits
   * @throws {RangeError} for a field the model does not have
   */
  write(encoding: number, value: bigint): void {
    const at = this.#at(encoding);
    this.words[at] = Number(BigInt.asIntN(32, value));
    this.words[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  #at(encoding: number): number {
    const at = indexOf.get(encoding);
    if (at === undefined) throw new RangeError(`No VMCS field 0x${encoding.toString(16)}`);
    return at;
  }
}
