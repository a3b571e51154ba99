import { hex } from "./hex.ts";
import type { ScalarType } from "./scalar_type.ts";

const limits = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffffffff],
  s32: [-0x80000000, 0x7fffffff],
} as const;

/** Largest u64. */
export const U64_MAX = 0xffffffffffffffffn;

function shown(value: unknown): string {
  if (typeof value === "bigint") return `${hex(value)}n`;
  if (typeof value === "number") return Number.isInteger(value) ? hex(value) : String(value);
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** The value if it is an integer of that type: a bigint for u64, a number for the others. */
export function checkInteger(type: ScalarType, value: unknown, what: string): number | bigint {
  if (type === "u64") {
    if (typeof value !== "bigint") {
      throw new TypeError(`${what} must be a bigint: got ${shown(value)}`);
    }
    if (value < 0n || value > U64_MAX) {
      throw new RangeError(`${what} must be within 0x0 and ${hex(U64_MAX)}: got ${shown(value)}`);
    }
    return value;
  }
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new TypeError(`${what} must be an integer: got ${shown(value)}`);
  }
  const [low, high] = limits[type];
  if (value < low || value > high) {
    throw new RangeError(
      `${what} must be within ${hex(low)} and ${hex(high)}: got ${shown(value)}`,
    );
  }
  return value;
}
