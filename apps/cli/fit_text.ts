/**
 * Text for people on terminals that are narrower than it.
 *
 * @module
 */
import type { Output } from "./host.ts";

/** A colour, or a letter with what combines with it. */
// deno-lint-ignore no-control-regex -- colours
const piece = /\x1b\[[0-9;]*m|[^\x1b]\p{M}*/gu;
/** The last cell of a line, behind two spaces or more. */
const lastCell = /^(.*\S {2,})(\S.*)$/u;
/** A cell that begins further to the right leaves no room to read. */
const mostHang = 0.7;

/**
 * Breaks prose between words, and the last cell of a row under its beginning. Rows of numbers stay as they are, and so
 * does everything where nobody looks at a terminal.
 *
 * @param text Lines, which may hold colours
 * @param output Where it goes
 * @param hang Spaces before what is broken off, if there are to be more than before the line
 */
export function fitText(
  text: string,
  output: Pick<Output, "isTerminal" | "columns">,
  hang = 0,
): string {
  if (!output.isTerminal) return text;
  const lines = text.split("\n"), fitted: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i]!;
    // A sentence that goes on in the next line is filled with it.
    while (isProse(line) && plainOf(line).length > output.columns && goesOn(line, lines[i + 1])) {
      line += ` ${lines[++i]!.trimStart()}`;
    }
    fitted.push(fitLine(line, output.columns, hang));
  }
  return fitted.join("\n");
}

function plainOf(line: string): string {
  return (line.match(piece) ?? []).filter((one) => !one.startsWith("\x1b")).join("");
}

function isProse(line: string): boolean {
  return !lastCell.test(plainOf(line));
}

function goesOn(line: string, next: string | undefined): boolean {
  return next !== undefined && next.trim() !== "" && isProse(next) && !/\.$/.test(line) &&
    next.search(/\S/) === line.search(/\S/);
}

/**
 * Fills paragraphs anew where the terminal is narrower than their longest line. An indented line begins an item, whose
 * further lines are indented more.
 *
 * @param text Paragraphs, blank lines between them
 * @param output Where it goes
 */
export function refill(text: string, output: Pick<Output, "isTerminal" | "columns">): string {
  const lines = text.split("\n");
  const longest = Math.max(...lines.map((line) => line.length));
  if (!output.isTerminal || longest <= output.columns) return text;
  const joined: string[] = [];
  let item = 0;
  for (const line of lines) {
    const indent = line.search(/\S/);
    const before = joined.at(-1);
    const goesOn = before !== undefined && before !== "" &&
      (item === 0 ? indent === 0 : indent > item);
    if (goesOn) joined.push(`${joined.pop()} ${line.trimStart()}`);
    else {
      joined.push(line);
      item = Math.max(indent, 0);
    }
  }
  return fitText(joined.join("\n"), output);
}

function fitLine(line: string, columns: number, hang: number): string {
  const pieces = line.match(piece) ?? [];
  const plain = pieces.filter((one) => !one.startsWith("\x1b")).join("");
  if (plain.length <= columns) return line;
  const cell = lastCell.exec(plain);
  const indent = plain.search(/\S/);
  if (cell !== null && (cell[1]!.length > columns * mostHang || !cell[2]!.includes(" "))) {
    return line;
  }
  return broken(pieces, columns, Math.max(cell?.[1]?.length ?? indent, hang));
}

/** Lines of a width, all but the first of them indented. */
function broken(pieces: readonly string[], columns: number, indent: number): string {
  const lines: string[] = [];
  let from = 0, width = 0, space = -1;
  for (let i = 0; i < pieces.length; i++) {
    if (pieces[i]!.startsWith("\x1b")) continue;
    if (pieces[i] === " " && width > (lines.length === 0 ? indent : 0)) space = i;
    width++;
    if (width + (lines.length === 0 ? 0 : indent) <= columns || space < 0) continue;
    lines.push(pieces.slice(from, space).join(""));
    width = pieces.slice(space + 1, i + 1).filter((one) => !one.startsWith("\x1b")).length;
    [from, space] = [space + 1, -1];
  }
  lines.push(pieces.slice(from).join(""));
  return lines.join(`\n${" ".repeat(indent)}`);
}
