// The documents name files that exist. A path is what stands in backticks or in a link and looks like one; what belongs to
// another tree, the kernel's say, is listed here, so that nothing is passed over silently.
import { assert, assertEquals } from "@std/assert";
import { listFiles, readText, root } from "../tools/workspace.ts";

const newcomers = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
const documents = [
  ...newcomers,
  ...["packages", "apps", "docs"].flatMap((folder) => listFiles(folder, ".md")),
];

/** First segments of paths that are not of this house. */
const elsewhere = [
  // the kernel's tree
  /^(arch|fs|include|kernel|lib|virt|tools\/testing)\//,
  /^(linux|asm|asm-generic|sys)\/\w+\.h$/,
  // a running system
  /^\/(dev|proc|sys|tmp|etc|usr|lib|lib64)\//,
  // what a task makes
  /^dist\//,
  // packages, and media types
  /^(@|npm:|jsr:|node:)/,
  /^(application|image|text)\//,
];

/** Folders whose files a command line names. */
const folders = [
  ...["packages", "apps", "tests", "tools", "scenarios", "captures", "vectors", "bench", "docs"],
  ...["types", ".ci"],
];

/** Names that stand for any name: `scenarios/NAME.ts`. */
const placeholder = /(^|[/_.])(NAME|FILE|SCENARIO|CAPTURE|SET|OLD|NEW)(?=[/_.]|$)/;

const extensions = /\.(ts|md|json|jsonl|lock|c|bt|gz|txt|html|svg|yml|sh)$/;

/** What a document says is a file, and the line it says so in. */
interface Mention {
  readonly path: string;
  readonly line: number;
  /** Followed from where the document is; other names may also count from the root. */
  readonly link?: true;
}

function looksLikePath(token: string): boolean {
  if (!/^[\w@./:+-]+$/.test(token) || /^[a-z]+:\/\//.test(token)) return false;
  if (/^-|^[\d.]+(\/|$)|^\.\w+$/.test(token) || placeholder.test(token)) return false;
  return /[^/]\/[^/]|^[\w.-]+\/$/.test(token) || extensions.test(token);
}

/** Paths in a fenced block marked `tree`: each line's first word, under the lines indented less. */
function treePaths(lines: readonly string[], firstLine: number): Mention[] {
  const above: { indent: number; path: string }[] = [];
  return lines.flatMap((text, i) => {
    const found = /^( *)(\S+)/.exec(text);
    if (found === null) return [];
    const indent = found[1]!.length;
    while (above.length > 0 && above.at(-1)!.indent >= indent) above.pop();
    const path = (above.at(-1)?.path ?? "") + found[2]!;
    if (path.endsWith("/")) above.push({ indent, path });
    return [{ path, line: firstLine + i }];
  });
}

function words(text: string): string[] {
  return text.split(/[\s"'`=,;()]+/);
}

function mentionsOf(markdown: string): { mentions: Mention[]; trees: number } {
  const mentions: Mention[] = [];
  let trees = 0;
  const lines = markdown.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fence = /^ *(`{3,})(\w*)/.exec(lines[i]!);
    if (fence !== null) {
      const end = lines.findIndex((text, j) => j > i && text.trim() === fence[1]);
      assert(end > i, `The block of line ${i + 1} has no end`);
      const body = lines.slice(i + 1, end);
      if (fence[2] === "tree") {
        trees++;
        mentions.push(...treePaths(body, i + 2));
      } else if (["sh", "console", "bash"].includes(fence[2]!)) {
        body.forEach((text, j) => mentions.push(...commandPaths(text, i + 2 + j)));
      }
      i = end;
      continue;
    }
    for (const [, code] of lines[i]!.matchAll(/`([^`]+)`/g)) {
      const tokens = code!.includes(" ") ? commandPaths(code!, i + 1) : [];
      mentions.push(...tokens);
      if (looksLikePath(code!)) mentions.push({ path: code!, line: i + 1 });
    }
    for (const [, target] of lines[i]!.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^([a-z]+:|#)/.test(target!)) mentions.push({ path: target!, line: i + 1, link: true });
    }
  }
  return { mentions, trees };
}

/** Of a command line, the words that begin with a folder of this house; others are files it writes, or a user's own. */
function commandPaths(text: string, line: number): Mention[] {
  return words(text)
    .map((word) => word.replace(/@[\d.]+s$/, ""))
    .filter((word) => folders.some((folder) => word.startsWith(`${folder}/`)))
    .filter((word) => looksLikePath(word) && !word.includes("*"))
    .map((path) => ({ path, line }));
}

/** Names of all files, for those a document names without their folder: `mod.ts`. */
const names = new Set(
  folders.flatMap((folder) => listFiles(folder, "")).map((path) => path.split("/").at(-1)!),
);

function exists(path: string, base: URL): boolean {
  try {
    const { isDirectory } = Deno.statSync(new URL(path, base));
    return isDirectory || !path.endsWith("/");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

/** Mentions of a document that lead nowhere, as `README.md:3 names gone.ts`. */
function wrongMentions(document: string, markdown: string): string[] {
  const beside = new URL(document, root);
  return mentionsOf(markdown).mentions
    .filter(({ path }) => !elsewhere.some((pattern) => pattern.test(path)))
    .filter(({ path, link }) => {
      const clean = path.replace(/#.*$/, "").replace(/:\d+$/, "");
      if (exists(clean, beside)) return false;
      return link || !(exists(clean, root) || !clean.includes("/") && names.has(clean));
    })
    .map(({ path, line }) => `${document}:${line} names ${path}`);
}

for (const document of documents) {
  Deno.test(`every path named in ${document} exists`, () => {
    const markdown = readText(document);
    assertEquals(wrongMentions(document, markdown), []);
  });
}

Deno.test("ARCHITECTURE.md draws the house in a block marked tree, and links its files", () => {
  const { mentions, trees } = mentionsOf(
    readText("ARCHITECTURE.md"),
  );
  assertEquals(trees, 1);
  assert(mentions.length > 20, `${mentions.length} paths named`);
});

Deno.test("every path is looked at: in backticks, links, commands and trees", () => {
  const markdown = [
    "See `packages/uapi/gone.ts`, [there](docs/gone.md#top) and `gone.md`, `mod.ts`, not `a/b` of `fs/eventfd.c`.",
    "Run `deno run scenarios/gone.ts --json` on `/dev/kvm`, a ratio of `1/2`, `--a/b`, [web](https://x.y/z).",
    "```sh",
    "deno run --allow-read apps/cli/gone.ts scenarios/NAME.ts out/report.html",
    "```",
    "```ts",
    'import "./not_looked_at.ts";',
    "```",
    "```tree",
    "packages/",
    "  uapi/         the ABI",
    "    gone.ts     a file",
    "tests/",
    "  gone_test.ts",
    "```",
  ].join("\n");
  assertEquals(wrongMentions("README.md", markdown), [
    "README.md:1 names packages/uapi/gone.ts",
    "README.md:1 names gone.md",
    "README.md:1 names a/b",
    "README.md:1 names docs/gone.md#top",
    "README.md:2 names scenarios/gone.ts",
    "README.md:4 names apps/cli/gone.ts",
    "README.md:12 names packages/uapi/gone.ts",
    "README.md:14 names tests/gone_test.ts",
  ]);
});

Deno.test("every document and .ci/run name one version of Deno", () => {
  const named = [...newcomers, ".ci/run"].flatMap((path) => {
    const text = readText(path);
    return [...text.matchAll(/\bdeno@(\d+\.\d+\.\d+)/g)].map(([, version]) => version!);
  });
  assert(named.length >= 3, `${named.length} versions named`);
  assertEquals(new Set(named).size, 1, named.join(" "));
});
