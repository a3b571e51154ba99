/**
 * Numbers as messages and tables print them.
 *
 * @module
 */

/**
 * A number in hex.
 *
 * @param value A whole number
 * @returns E.g. `0xfebfb000`, or `-0x1`
 *
 * @example
 * ```ts
 * import { hex } from "@ioeventfd/uapi";
 *
 * if (hex(0xfebfb000n) !== "0xfebfb000" || hex(-1) !== "-0x1") throw new Error("not hex");
 * ```
 */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
