/**
 * What imports what, as Deno resolves it.
 *
 * @module
 */
import { root } from "./workspace.ts";

/** One import statement. */
export interface Import {
  /** The importing file, from the root. */
  readonly from: string;
  /** What it says. */
  readonly specifier: string;
  /** Path from the root, or the address of what is not of this house. */
  readonly to: string;
  /** Left in the program that runs, rather than a type alone. */
  readonly runs: boolean;
}

interface Resolved {
  readonly specifier?: string;
  readonly error?: string;
}

interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: Resolved;
      readonly type?: Resolved;
    }[];
  }[];
}

function fromRoot(address: string): string {
  return address.startsWith(root.href) ? address.slice(root.href.length) : address;
}

/**
 * Reads the imports of files.
 *
 * @param files Paths from the root
 * @returns Their imports, and what could not be loaded or resolved
 */
export async function readImportGraph(
  files: readonly string[],
): Promise<{ imports: Import[]; errors: string[] }> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = files.map((path) => `import ${JSON.stringify(new URL(path, root).href)};`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const { stdout, stderr, success } = await new Deno.Command("deno", {
      args: ["info", "--json", "--config", "deno.json", entry],
      cwd: root,
      stdin: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
    const known = new Set(files);
    const imports: Import[] = [];
    const errors: string[] = [];
    for (const module of graph.modules) {
      const from = fromRoot(module.specifier);
      if (module.error !== undefined) errors.push(`${from}: ${module.error}`);
      if (!known.has(from)) continue;
      for (const { specifier, code, type } of module.dependencies ?? []) {
        const error = code?.error ?? type?.error;
        if (error !== undefined) errors.push(`${from}: ${error}`);
        const to = (code ?? type)?.specifier;
        if (to !== undefined) {
          imports.push({ from, specifier, to: fromRoot(to), runs: code !== undefined });
        }
      }
    }
    return { imports, errors };
  } finally {
    await Deno.remove(entry);
  }
}
