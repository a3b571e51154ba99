/**
 * Numbers on the command line.
 *
 * @module
 */
import { UsageError } from "./cli_error.ts";

/**
 * A u64 from the command line, hex or decimal.
 *
 * @param text As typed
 * @param option Name of the option, for the message
 * @returns Its value
 * @throws {UsageError} when it is not a number from 0 to 2^64 - 1
 */
export function parseU64(text: string, option: string): bigint {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) {
    const what = /^[-+]?[\d.]/.test(text) ? "a whole number from 0 on" : "a number";
    throw new UsageError(
      `--${option}: "${text}" is not ${what}; write it like 0xfebfb000 or 4096`,
    );
  }
  const value = BigInt(text);
  if (value >= 1n << 64n) {
    throw new UsageError(`--${option}: ${text} does not fit 64 bits`);
  }
  return value;
}

/**
 * A number from the command line with bounds, hex or decimal.
 *
 * @param text As typed
 * @param option Name of the option, for the message
 * @param least Smallest accepted
 * @param most Largest accepted, at most 2^53 - 1
 * @returns Its value
 * @throws {UsageError} when it is not a number or out of bounds
 */
export function parseCount(text: string, option: string, least: number, most: number): number {
  const value = parseU64(text, option);
  if (value < BigInt(least) || value > BigInt(most)) {
    throw new UsageError(`--${option}: ${text} is not from ${least} to ${most}`);
  }
  return Number(value);
}
