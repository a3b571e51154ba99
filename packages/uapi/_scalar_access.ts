import { checkInteger } from "./_integer.ts";
import type { ScalarType } from "./scalar_type.ts";

const u64 = new BigUint64Array(1);
const words = new Int32Array(u64.buffer);

/**
 * Reads a little-endian integer. By bytes, as a view on memory makes V8 move the small arrays that structs are in out of
 * its heap.
 */
export function getScalar(bytes: Uint8Array, at: number, type: ScalarType): number | bigint {
  switch (type) {
    case "u8":
      return bytes[at]!;
    case "u16":
      return bytes[at]! | bytes[at + 1]! << 8;
    case "u32":
      return getWord(bytes, at) >>> 0;
    case "s32":
      return getWord(bytes, at);
    case "u64":
      words[0] = getWord(bytes, at);
      words[1] = getWord(bytes, at + 4);
      return u64[0]!;
  }
}

/**
 * Writes a little-endian integer: TypeError or RangeError for what the type does not take.
 *
 * @param what The struct and its members so far, for errors
 * @param name The field
 */
export function setScalar(
  bytes: Uint8Array,
  at: number,
  type: ScalarType,
  value: unknown,
  what: string,
  name: string,
): void {
  if (type === "u64" && typeof value === "bigint") {
    u64[0] = value;
    if (u64[0] === value) {
      setWord(bytes, at, words[0]!);
      setWord(bytes, at + 4, words[1]!);
      return;
    }
  }
  if (!fits(type, value)) checkInteger(type, value, `${what}${name}`); // which throws
  const checked = value as number;
  bytes[at] = checked;
  if (type === "u8") return;
  bytes[at + 1] = checked >> 8;
  if (type === "u16") return;
  bytes[at + 2] = checked >> 16;
  bytes[at + 3] = checked >> 24;
}

function fits(type: ScalarType, value: unknown): boolean {
  if (typeof value !== "number") return false;
  switch (type) {
    case "u8":
      return value === (value & 0xff);
    case "u16":
      return value === (value & 0xffff);
    case "u32":
      return value === value >>> 0;
    case "s32":
      return value === (value | 0);
    case "u64":
      return false;
  }
}

function getWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
}

function setWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >> 8;
  bytes[at + 2] = word >> 16;
  bytes[at + 3] = word >> 24;
}
