/**
 * Integers of the kernel.
 *
 * @module
 */

/** An integer of the kernel's structs: little-endian, two's complement. */
export type ScalarType = "u8" | "u16" | "u32" | "s32" | "u64";
