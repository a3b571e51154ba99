/**
 * `struct kvm_pit_config`, the argument of `KVM_CREATE_PIT2`.
 *
 * @module
 */
import { encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_pit_config` without its padding. */
export interface PitConfig {
  /** `KVM_PIT_SPEAKER_DUMMY` or 0 (u32). */
  readonly flags: number;
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_pit_config
/** Where the fields of `struct kvm_pit_config` are. */
export const PIT_CONFIG_LAYOUT: StructLayout<PitConfig> = {
  name: "kvm_pit_config",
  size: 64,
  fields: { flags: { offset: 0, type: "u32" } },
};

// KERNEL 6.19 include/uapi/linux/kvm.h
/** `struct kvm_pit_config` flags: the port of the speaker is in the kernel too, and does nothing. */
export const KVM_PIT_SPEAKER_DUMMY = 0x1;

/**
 * Writes a `struct kvm_pit_config`.
 *
 * @param value Its fields
 * @returns 64 bytes, padding zero
 * @throws {TypeError} for a field that is not an integer
 * @throws {RangeError} for a field out of range
 */
export function encodePitConfig(value: PitConfig): Uint8Array<ArrayBuffer> {
  return encodeStruct(PIT_CONFIG_LAYOUT, value);
}
