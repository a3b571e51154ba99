/**
 * The one gate: runs every check that is not a test, stops at the first that fails.
 *
 * @module
 */
import { isPublished, listFiles, readMembers, root } from "./workspace.ts";

interface Step {
  readonly title: string;
  readonly args: readonly string[];
}

const members = readMembers();
const packages = members.filter(({ folder }) => folder.startsWith("packages/"));
const entryPoints = packages.flatMap(({ exports }) => Object.values(exports));
const documented = packages.flatMap(({ folder }) => [
  ...listFiles(folder, ".ts").filter(isPublished),
  ...listFiles(folder, "README.md"),
]);

const steps: readonly Step[] = [
  { title: "Formatting", args: ["fmt", "--check"] },
  { title: "Lint", args: ["lint"] },
  { title: "Types", args: ["check", "--frozen"] },
  { title: "Every export documented", args: ["doc", "--lint", ...entryPoints] },
  { title: "Examples in the documentation run", args: ["test", "--doc", ...documented] },
  { title: "Packages can be published", args: ["publish", "--dry-run", "--allow-dirty"] },
];

/** What tools say of what is well, and would bury the failure. */
// deno-lint-ignore no-control-regex
const passing = /^(\x1b\[[0-9;]*m)*(Check|running \d+ tests?|.*\.\.\. .*ok )/;

function shown({ args }: Step): string {
  const line = `deno ${args.join(" ")}`;
  return line.length > 100 ? `${line.slice(0, 96)} …` : line;
}

for (const [i, step] of steps.entries()) {
  console.log(`ok ${i + 1}/${steps.length} ${step.title}: ${shown(step)}`);
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...step.args],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (code !== 0) {
    for (const bytes of [stdout, stderr]) {
      const lines = new TextDecoder().decode(bytes).split("\n");
      console.error(lines.filter((line) => !passing.test(line)).join("\n"));
    }
    console.error(`not ok: ${step.title} failed, see above (exit code ${code})`);
    Deno.exit(1);
  }
}
console.log("ok: all of it");
