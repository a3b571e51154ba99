/**
 * Colours, or none, and how wide a line may be.
 *
 * @module
 */
import type { Host } from "./host.ts";

/** Paints text for a terminal; without colours each function gives its text back. */
export interface Style {
  /** Characters a line; without an end where nobody looks at a terminal. */
  readonly room: number;
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
  room: Infinity,
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
};

/** ANSI colours. */
export const ansiStyle: Style = {
  room: Infinity,
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
 * @returns Colours or none, and the width of the terminal
 */
export function chooseStyle(host: Host, asked: boolean | undefined): Style {
  const { isTerminal, columns } = host.stdout;
  const style = isColoured(host, asked) ? ansiStyle : plainStyle;
  return isTerminal ? { ...style, room: columns } : style;
}

function isColoured(host: Host, asked: boolean | undefined): boolean {
  if (asked !== undefined) return asked;
  if (host.env("NO_COLOR")) return false;
  if (host.env("FORCE_COLOR")) return true;
  return host.stdout.isTerminal && host.env("TERM") !== "dumb";
}
