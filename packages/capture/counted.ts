/**
 * Numbers in sentences.
 *
 * @module
 */

/**
 * `1,234,567`.
 *
 * @param value A whole number
 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * `3 exits`, `1 exit`.
 *
 * @param value A whole number
 * @param word What is counted, as one of it is called
 *
 * @example
 * ```ts
 * import { counted } from "@ioeventfd/capture";
 *
 * if (counted(1, "exit") !== "1 exit" || counted(4096, "exit") !== "4,096 exits") throw new Error("miscounted");
 * ```
 */
export function counted(value: number, word: string): string {
  return `${grouped(value)} ${word}${value === 1 ? "" : "s"}`;
}
