/**
 * Values as messages about misuse print them.
 *
 * @module
 */
import { hex } from "./hex.ts";

/**
 * A value that is of the wrong type or out of bounds.
 *
 * @param value Anything
 * @returns E.g. `0x1000`, `0x1000n` for a bigint, `1.5`, `"4"`, `undefined`
 *
 * @example
 * ```ts
 * import { showValue } from "@ioeventfd/uapi";
 *
 * if (showValue(16) !== "0x10" || showValue("4") !== '"4"') throw new Error("not as messages do");
 * ```
 */
export function showValue(value: unknown): string {
  if (typeof value === "bigint") return `${hex(value)}n`;
  if (typeof value === "number") return Number.isInteger(value) ? hex(value) : String(value);
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
