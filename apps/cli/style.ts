/**
 * Colours, or none.
 *
 * @module
 */
import type { Host } from "./host.ts";

/** Paints text for a terminal; without colours each function gives its text back. */
export interface Style {
  /** Headings and names. */
  bold(text: string): string;
  /** Less important text. */
  dim(text: string): string;
  /** Wrong. */
  red(text: string): string;
  /** Right. */
  green(text: string): string;
  /** Remarkable. */
  yellow(text: string): string;
}

const plain = (text: string): string => text;

/** No colours. */
export const plainStyle: Style = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
};

/** ANSI colours. */
export const ansiStyle: Style = {
  bold: (text) => `\x1b[1m${text}\x1b[22m`,
  dim: (text) => `\x1b[2m${text}\x1b[22m`,
  red: (text) => `\x1b[31m${text}\x1b[39m`,
  green: (text) => `\x1b[32m${text}\x1b[39m`,
  yellow: (text) => `\x1b[33m${text}\x1b[39m`,
};

/**
 * The style of stdout: `--color`/`--no-color` first, then NO_COLOR, FORCE_COLOR, and whether it is a terminal.
 *
 * @param host Terminal and environment
 * @param asked `--color` true, `--no-color` false, neither undefined
 * @returns Colours or none
 */
export function chooseStyle(host: Host, asked: boolean | undefined): Style {
  if (asked !== undefined) return asked ? ansiStyle : plainStyle;
  if (host.env("NO_COLOR")) return plainStyle;
  if (host.env("FORCE_COLOR")) return ansiStyle;
  return host.stdout.isTerminal && host.env("TERM") !== "dumb" ? ansiStyle : plainStyle;
}
