/**
 * Lines and branches a package that the tests ran: `deno task coverage`, after `deno task test --coverage=coverage`.
 *
 * `--of PATH` lists, for the files whose path begins so, the lines that no test ran.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { type FileCoverage, parseLcov, showLines, sumCoverage } from "./lcov.ts";
import { isPublished, readMembers, root } from "./workspace.ts";

/** Under it, `docs/coverage.md` says why. */
const wanted = 95;

const { of, _: [folder = "coverage"] } = parseArgs(Deno.args, { string: ["of", "_"] });
const { success, stdout, stderr } = await new Deno.Command("deno", {
  args: ["coverage", "--quiet", "--lcov", String(folder)],
  cwd: root,
  stdin: "null",
}).output();
if (!success) {
  console.error(new TextDecoder().decode(stderr));
  console.error("coverage: first deno task test --coverage=coverage --coverage-raw-data-only");
  Deno.exit(1);
}

const prefix = decodeURIComponent(root.pathname);
const files: FileCoverage[] = parseLcov(new TextDecoder().decode(stdout))
  .map((file) => ({ ...file, path: file.path.replace(prefix, "") }))
  .filter(({ path }) => isPublished(path));

function percent(missed: number, all: number): number {
  return all === 0 ? 100 : 100 * (all - missed) / all;
}

function row(name: string, lines: number, branches: number, note: string): string {
  return `${name.padEnd(20)}${lines.toFixed(1).padStart(9)}${
    branches.toFixed(1).padStart(11)
  }${note}`;
}

if (typeof of === "string") {
  for (const { path, missedLines } of files) {
    if (path.startsWith(of) && missedLines.length > 0) {
      console.log(`${path}: ${showLines(missedLines)}`);
    }
  }
} else {
  console.log(
    `${"Run by the tests".padEnd(20)}${"lines, %".padStart(9)}${"branches, %".padStart(11)}`,
  );
  for (const { folder } of readMembers()) {
    const sum = sumCoverage(files.filter(({ path }) => path.startsWith(`${folder}/`)));
    const lines = percent(sum.missedLines, sum.lines);
    const branches = percent(sum.missedBranches, sum.branches);
    const note = Math.min(lines, branches) < wanted ? "  see docs/coverage.md" : "";
    console.log(row(folder, lines, branches, note));
  }
}
