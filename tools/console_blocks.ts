/**
 * Blocks of a page that show commands with what they print.
 *
 * @module
 */

/** One command of a block marked `console`. */
export interface ConsoleBlock {
  /** As typed, without the `$`. */
  readonly command: string;
  /** What it prints, as the page shows it. */
  readonly shown: string;
  /** Numbers differ from run to run: the block is marked `console volatile`. */
  readonly volatile: boolean;
  /** Line of the page. */
  readonly line: number;
}

/**
 * The commands of a page in order.
 *
 * @param text The page
 * @returns Each with what the page says it prints
 */
export function consoleBlocks(text: string): ConsoleBlock[] {
  const blocks: { command: string; shown: string[]; volatile: boolean; line: number }[] = [];
  let volatile = false;
  let indent: string | null = null;
  text.split("\n").forEach((whole, i) => {
    const fence = /^( *)```(console( volatile)?)?\s*$/.exec(whole);
    if (indent === null) {
      if (fence?.[2] === undefined) return;
      indent = fence[1]!;
      volatile = fence[3] !== undefined;
      return;
    }
    if (fence !== null && fence[1] === indent) {
      indent = null;
      return;
    }
    const line = whole.slice(indent.length);
    if (line.startsWith("$ ")) {
      blocks.push({ command: line.slice(2), shown: [], volatile, line: i + 1 });
    } else blocks.at(-1)?.shown.push(line);
  });
  return blocks.map((block) => ({ ...block, shown: block.shown.join("\n").trimEnd() }));
}

/**
 * Whether a command printed what a page shows. A line that is `…` stands for any lines, `…` within a line for anything
 * in it.
 *
 * @param shown What the page shows
 * @param printed What the command printed
 * @param volatile Any number stands for any other, and any space for any other
 */
export function shownMatches(shown: string, printed: string, volatile: boolean): boolean {
  const pattern = shown.split("\n").map((line) => {
    if (line.trim() === "…") return "(?:.*\\n)*?";
    const exact = line.split("…").map(escape).join(".*");
    return `${volatile ? loose(exact) : exact}[ ]*\\n`;
  }).join("");
  return new RegExp(`^${pattern}$`).test(`${printed.trimEnd()}\n`);
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Digits with their separators, and runs of spaces. */
function loose(pattern: string): string {
  return pattern.replaceAll(/\d(?:[\d,]|\\\.)*/g, "[\\d.,]+").replaceAll(/ +/g, " +");
}
