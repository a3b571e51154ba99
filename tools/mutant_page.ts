/**
 * The mistakes that `docs/mutation.md` lists as none.
 *
 * @module
 */

/** How often a file's section lists each mistake, by its text as `showMutation` gives it. */
export type Listed = Map<string, number>;

/**
 * Reads the sections of a page, each with the path of a file as its title and blocks of `diff` below. Where one line is
 * before, each line after is a mistake of its own.
 *
 * @param page Markdown
 * @returns What is listed, by file
 */
export function listedMistakes(page: string): Map<string, Listed> {
  const files = new Map<string, Listed>();
  for (const section of page.split(/^### /m).slice(1)) {
    const file = /^`([^`\n]+)`\n/.exec(section)?.[1];
    if (file === undefined) continue;
    const listed: Listed = files.get(file) ?? new Map();
    files.set(file, listed);
    for (const [, block] of section.matchAll(/^```diff\n([\s\S]*?)^```$/gm)) {
      for (const shown of mistakesOf(block!)) listed.set(shown, (listed.get(shown) ?? 0) + 1);
    }
  }
  return files;
}

function mistakesOf(block: string): string[] {
  const hunks = block.match(/(?:^-.*\n)+(?:^\+.*\n)+/gm) ?? [];
  return hunks.flatMap((hunk) => {
    const lines = hunk.trimEnd().split("\n");
    const [before, second] = lines;
    if (second?.startsWith("-")) return [lines.join("\n")];
    return lines.slice(1).map((after) => `${before}\n${after}`);
  });
}
