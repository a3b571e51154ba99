import { hex } from "./hex.ts";
import type { ScalarType } from "./scalar_type.ts";
import { showValue } from "./show_value.ts";

const limits = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffffffff],
  s32: [-0x80000000, 0x7fffffff],
} as const;

/** Largest u64. */
export const U64_MAX = 0xffffffffffffffffn;

/** The value if it is an integer of that type: a bigint for u64, a number for the others. */
export function checkInteger(type: ScalarType, value: unknown, what: string): number | bigint {
  if (type === "u64") {
    if (typeof value !== "bigint") {
      throw new TypeError(`${what} must be a bigint: got ${showValue(value)}`);
    }
    if (value < 0n || value > U64_MAX) {
      throw new RangeError(
        `${what} must be within 0x0 and ${hex(U64_MAX)}: got ${showValue(value)}`,
      );
    }
    return value;
  }
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new TypeError(`${what} must be an integer: got ${showValue(value)}`);
  }
  const [low, high] = limits[type];
  if (value < low || value > high) {
    throw new RangeError(
      `${what} must be within ${hex(low)} and ${hex(high)}: got ${showValue(value)}`,
    );
  }
  return value;
}
