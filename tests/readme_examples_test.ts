// What the examples of the documents say that they print is what they print: `console.log(x); // so`. That they run at all
// is held by `deno task ok`. And READMEs have the same shape: what it is, an example, the rest.
import { assert, assertEquals } from "@std/assert";
import { available } from "@ioeventfd/kvm-live";
import { summaries } from "../apps/cli/command_summaries.ts";
import { listFiles, readMembers, readText, root } from "../tools/workspace.ts";

const documents = ["README.md", ...["packages", "docs"].flatMap((dir) => listFiles(dir, ".md"))];
const kvm = available();

/** What a line of an example says that it prints. */
interface Claim {
  readonly document: string;
  readonly line: number;
  readonly said: string;
}

interface Example {
  /** The module, with a call of `printed` for `console.log`, which says the line. */
  readonly code: string;
  readonly claims: readonly Claim[];
}

function examplesOf(document: string): Example[] {
  const lines = readText(document).split("\n");
  const examples: Example[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] !== "```ts") continue;
    const end = lines.indexOf("```", i);
    const claims: Claim[] = [];
    const code = lines.slice(i + 1, end).map((text, at, block) => {
      const line = i + 2 + at;
      const found = /^ *console\.log\(.*\);(?: \/\/ (.*))?$/.exec(text);
      const said = found?.[1] ?? (found ? /^ *\/\/ (.*)$/.exec(block[at + 1] ?? "")?.[1] : null);
      if (said) claims.push({ document, line, said });
      const where = JSON.stringify(`${document}:${line}`);
      return text.replace("console.log(", `globalThis.printed(${where}, `);
    }).join("\n");
    i = end;
    if (claims.length > 0) examples.push({ code, claims });
  }
  return examples;
}

/** Runs the examples in one process, and gives back what each line printed last. */
async function run(examples: readonly Example[]): Promise<Record<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "ioeventfd-examples-" });
  try {
    const names = examples.map((_, i) => `${folder}/${i}.ts`);
    await Promise.all(names.map((name, i) => Deno.writeTextFile(name, examples[i]!.code)));
    const main = `const lines = {};
globalThis.printed = (where, ...what) => {
  lines[where] = what.map((one) => typeof one === "string" ? one : Deno.inspect(one)).join(" ");
};
for (const name of ${JSON.stringify(names)}) await import(name);
console.log(JSON.stringify(lines));
`;
    await Deno.writeTextFile(`${folder}/main.ts`, main);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--config=deno.json", "--frozen", "--allow-all"]
        .concat(`${folder}/main.ts`),
      cwd: root,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    assert(stdout.length > 0, text.decode(stderr));
    return JSON.parse(text.decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The comment is what was printed; behind that it may go on after a colon, a semicolon or a comma. */
function holds(said: string, printed: string | undefined): boolean {
  if (printed === undefined) return false;
  return said === printed || said.startsWith(printed) && /^[:;,] /.test(said.slice(printed.length));
}

Deno.test("examples print what they say", async () => {
  const live = kvm.ok ? [] : ["packages/kvm-live/README.md"];
  const examples = documents.filter((name) => !live.includes(name)).flatMap(examplesOf);
  const claims = examples.flatMap((example) => example.claims);
  assert(claims.length > 20, `${claims.length} claims`);
  const printed = await run(examples);
  const wrong = claims.flatMap(({ document, line, said }) => {
    const there = printed[`${document}:${line}`];
    return holds(said, there) ? [] : [`${document}:${line} says ${said}, and prints ${there}`];
  });
  assertEquals(wrong, []);
});

Deno.test("README.md has a row for every command", () => {
  const readme = readText("README.md");
  const asked = [...readme.matchAll(/^\|.*\| `deno task ioeventfd ([a-z]+)/gm)].map(([, name]) =>
    name!
  );
  const names = summaries.map(({ name }) => name);
  assertEquals(asked.filter((name) => !names.includes(name)), []);
  const plain = ["completions", "man", "help"];
  assertEquals(names.filter((name) => !asked.includes(name) && !plain.includes(name)), []);
});

for (const { name, folder } of readMembers().filter((one) => one.folder.startsWith("packages/"))) {
  Deno.test(`the README of ${name} says what it is, and goes on with an example that prints`, () => {
    const document = `${folder}/README.md`;
    const lines = readText(document).split("\n");
    assertEquals(lines[0], `# ${name}`);
    assert(/^[A-Z]/.test(lines[2]!), lines[2]);
    const example = lines.indexOf("```ts");
    assert(example > 0 && example < 20, `the first example is in line ${example + 1}`);
    assert(examplesOf(document).length > 0, "no example says what it prints");
    assert(lines.some((line) => /^\||^- \*\*/.test(line)), "no table of what is inside");
  });
}
