/**
 * `--json`.
 *
 * @module
 */
import type { OptionSpec } from "./command.ts";

/** The switch. */
export const jsonOption: OptionSpec = { name: "json", summary: "One JSON document on stdout" };

/** What it prints: one document, for people too. */
export function jsonDocument(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
