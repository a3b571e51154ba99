/**
 * What `deno coverage --lcov` says of each file.
 *
 * @module
 */

/** Lines and branches of one file. */
export interface FileCoverage {
  /** Path, as in the report. */
  readonly path: string;
  /** Lines with code. */
  readonly lines: number;
  /** Numbers of those that no test ran, ascending. */
  readonly missedLines: readonly number[];
  /** Ways to go, where there is more than one. */
  readonly branches: number;
  /** How many of them no test went. */
  readonly missedBranches: number;
}

/** Lines and branches of several files. */
export interface CoverageSum {
  readonly lines: number;
  readonly missedLines: number;
  readonly branches: number;
  readonly missedBranches: number;
}

/**
 * Reads a report in LCOV's format.
 *
 * @param text The report
 * @returns Its files, in its order
 */
export function parseLcov(text: string): FileCoverage[] {
  return text.split("end_of_record").flatMap((record) => {
    const path = /^SF:(.+)$/m.exec(record)?.[1];
    if (path === undefined) return [];
    const lines = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
    const taken = [...record.matchAll(/^BRDA:\d+,\d+,\d+,(\d+|-)$/gm)].map(([, count]) => count);
    return [{
      path,
      lines: lines.length,
      missedLines: lines.filter(([, , count]) => count === "0").map(([, line]) => Number(line)),
      branches: taken.length,
      missedBranches: taken.filter((count) => count === "0" || count === "-").length,
    }];
  });
}

/**
 * Adds files up.
 *
 * @param files What is read of them
 * @returns Their sum
 */
export function sumCoverage(files: readonly FileCoverage[]): CoverageSum {
  const sum = { lines: 0, missedLines: 0, branches: 0, missedBranches: 0 };
  for (const file of files) {
    sum.lines += file.lines;
    sum.missedLines += file.missedLines.length;
    sum.branches += file.branches;
    sum.missedBranches += file.missedBranches;
  }
  return sum;
}

/**
 * Line numbers as ranges, e.g. `3–5 9`.
 *
 * @param numbers Ascending
 * @returns The ranges, a space between them
 */
export function showLines(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => first === last ? `${first}` : `${first}–${last}`).join(" ");
}
