/**
 * Switches the imports of the standard library from the npm stand-in to JSR's, as a release does before it publishes:
 * `deno run --allow-read=deno.json --allow-write=deno.json tools/use_jsr.ts`. `--dry-run` prints the lines and writes
 * nothing.
 *
 * @module
 */
import { root } from "./workspace.ts";

/** What each import is on JSR. */
const onJsr: Readonly<Record<string, string>> = {
  "@std/assert": "jsr:@std/assert@^1.0.0",
  "@std/bytes": "jsr:@std/bytes@^1.0.0",
  "@std/cli/parse-args": "jsr:@std/cli@^1.0.0/parse-args",
};

/**
 * The root's configuration with JSR's standard library.
 *
 * @param config Text of `deno.json`
 * @returns The same text, but for these imports
 * @throws {Error} when it has an import of the stand-in that is not known here, or lacks one that is
 */
export function useJsr(config: string): string {
  const changed = new Set<string>();
  const text = config.replace(
    /^( *)"([^"]+)": "npm:deno-std@[^"]*"/gm,
    (_line, indent: string, name: string) => {
      const jsr = onJsr[name];
      if (jsr === undefined) throw new Error(`No place on JSR is known for ${name}`);
      changed.add(name);
      return `${indent}"${name}": "${jsr}"`;
    },
  );
  const missing = Object.keys(onJsr).filter((name) => !changed.has(name));
  if (missing.length > 0) throw new Error(`No import of ${missing.join(", ")} from npm:deno-std`);
  return text;
}

if (import.meta.main) {
  const path = new URL("deno.json", root);
  const before = Deno.readTextFileSync(path);
  const after = useJsr(before);
  const old = before.split("\n");
  for (const [i, line] of after.split("\n").entries()) {
    if (line !== old[i]) console.log(`-${old[i]}\n+${line}`);
  }
  if (!Deno.args.includes("--dry-run")) Deno.writeTextFileSync(path, after);
}
