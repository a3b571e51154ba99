/**
 * Mistakes in the rules of the model, one at a time, in a copy: `deno task mutants`. Each should make a test fail; those
 * that none finds are listed, and `docs/mutation.md` must say why each is none.
 *
 * `--only WORD` takes the files whose path has the word, `--every N` each Nth mistake, `--again FILE` those that an
 * earlier output lists, `--jobs N` so many at a time, `--list` shows the mistakes and runs nothing. `--quick` leaves out
 * the second round of tests, `--second` the first. `--resume FILE` writes each answer to the file and asks for none that
 * is in it, `--seconds N` stops after so long.
 *
 * Ends with 1 when a mistake that the page does not list went unnoticed, or one that it lists was noticed or is not made
 * any more; with 3 when there was no time for all.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { allMutants } from "../tests/mutants/all_mutants.ts";
import { edited } from "../tests/mutants/mutated_sources.ts";
import { listedMistakes } from "./mutant_page.ts";
import type { Orders, Round, Verdict } from "./mutant_runner.ts";
import { mutated, mutationsOf, showMutation } from "./mutations.ts";
import { listFiles, root } from "./workspace.ts";

/** The rules: who collides, who matches, who is found, and what a registration does to its buses. */
const rules = [
  ...["collides", "matches", "compare_ranges", "reference_bus", "_heap_sort", "ioeventfd"],
  ...[
    "_ioeventfd_request",
    "_ioeventfd_registry",
    "_ioeventfd_list",
    "io_bus",
    "_ioeventfd_index",
    "_index_record",
  ],
  ...["_address_table", "_datamatch_index", "_signal_places", "_lengths", "_range_cover"],
  ...["_lazy_array", "_other_devices", "_coalesced_zone", "_coalesced_zones", "coalesced_ring"],
  ...["_guest_store", "memslots", "_irqfds"],
].map((name) => `packages/kvm-core/${name}.ts`);

const rounds: readonly Round[] = [
  { files: listFiles("packages/kvm-core", "_test.ts"), lacks: false },
  {
    files: ["tests/conformance_test.ts", "tests/cases_test.ts", "tests/conform_random_test.ts"],
    lacks: true,
  },
];

const copied = ["deno.json", "deno.lock", "packages", "apps", "types", "vectors", "tests", "tools"];

interface Mistake {
  readonly file: string;
  readonly shown: string;
  /** Place among those of the file that look the same. */
  readonly nth: number;
  readonly texts: Orders["mistakes"][number];
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

function systematic(file: string): Mistake[] {
  const source = read(file);
  const seen = new Map<string, number>(), texts = new Set<string>();
  return mutationsOf(source).flatMap((mutation) => {
    const text = mutated(source, mutation);
    if (texts.has(text)) return [];
    texts.add(text);
    const shown = showMutation(source, mutation), nth = seen.get(shown) ?? 0;
    seen.set(shown, nth + 1);
    return [{ file, shown, nth, texts: [{ path: file, text }] }];
  });
}

/** The mistakes that somebody thought of, as far as they are within one package. */
function deliberate(): Mistake[] {
  return allMutants.map(({ name, about, edits }) => {
    const texts = new Map<string, string>();
    for (const edit of edits) {
      texts.set(edit.file, edited(texts.get(edit.file) ?? read(edit.file), edit));
    }
    return {
      file: "tests/mutants",
      shown: `${name}: ${about}`,
      nth: 0,
      texts: [...texts].map(([path, text]) => ({ path, text })),
    };
  });
}

function copyInto(folder: string): void {
  const copy = (path: string): void => {
    const from = new URL(path, root), to = `${folder}/${path}`;
    if (!Deno.statSync(from).isDirectory) return Deno.copyFileSync(from, to);
    Deno.mkdirSync(to);
    for (const { name } of Deno.readDirSync(from)) {
      if (name !== "node_modules") copy(`${path}/${name}`);
    }
  };
  copied.forEach(copy);
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/** Runs mistakes one after the other in a copy; answers who found each, up to the end or a crash. */
async function* run(
  folder: string,
  mistakes: readonly Mistake[],
  rounds: readonly Round[],
): AsyncGenerator<string | null> {
  const orders: Orders = { rounds, mistakes: mistakes.map(({ texts }) => texts) };
  Deno.writeTextFileSync(`${folder}/orders.json`, JSON.stringify(orders));
  const child = new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--no-check", "--config", "deno.json"],
      ...["--v8-flags=--max-old-space-size=600", "--allow-read=.", "--allow-write=packages"],
      ...["--allow-env", "tools/mutant_runner.ts", "orders.json"],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let isSound = false, isOver = false;
  for await (const line of lines(child.stdout)) {
    if (isOver || !line.startsWith("{")) continue;
    const { index, foundBy }: Verdict = JSON.parse(line);
    if (index >= 0) yield foundBy;
    else if (foundBy !== null) throw new Error(`Without any mistake, ${foundBy} fails`);
    else isSound = true;
    isOver = performance.now() > until;
    if (isOver && index < mistakes.length - 1) child.kill();
  }
  await child.status;
  if (!isSound) throw new Error("The tests do not even begin");
}

/** Tries mistakes one after the other in a copy of their own; answers who found each. */
async function* tryAll(
  mistakes: readonly Mistake[],
  rounds: readonly Round[],
): AsyncGenerator<[Mistake, string | null]> {
  const folder = Deno.makeTempDirSync({ prefix: "ioeventfd-mutants-" });
  try {
    copyInto(folder);
    for (let done = 0; done < mistakes.length;) {
      for await (const foundBy of run(folder, mistakes.slice(done), rounds)) {
        yield [mistakes[done++]!, foundBy];
      }
      if (done === mistakes.length || performance.now() > until) break;
      // Out of memory: that is noticed too.
      for (const { path } of mistakes[done]!.texts) {
        Deno.copyFileSync(new URL(path, root), `${folder}/${path}`);
      }
      yield [mistakes[done++]!, "crash"];
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const options = parseArgs(Deno.args, {
  string: ["only", "every", "jobs", "again", "resume", "seconds"],
  boolean: ["quick", "second", "list"],
});
const only = String(options["only"] ?? ""), every = Number(options["every"] ?? 1);
const jobs = Number(options["jobs"] ?? navigator.hardwareConcurrency);
const until = performance.now() + 1000 * Number(options["seconds"] ?? Infinity);
const again = typeof options["again"] === "string" ? Deno.readTextFileSync(options["again"]) : null;
const files = rules.filter((file) => file.includes(only));
const mistakes = [
  ...files.flatMap(systematic),
  ..."tests/mutants".includes(only) ? deliberate() : [],
]
  .filter(({ file, shown }) => again?.includes(`${file}\n${shown}\n`) ?? true)
  .filter((_, i) => i % every === 0);

if (options["list"]) {
  for (const { file, shown } of mistakes) console.log(`${file}\n${shown}\n`);
  console.log(`${mistakes.length} mistakes`);
  Deno.exit();
}

const taken = options["quick"] ? rounds.slice(0, 1) : options["second"] ? rounds.slice(1) : rounds;
const listed = listedMistakes(read("docs/mutation.md"));
const total = Map.groupBy(mistakes, ({ file }) => file);
const tried = new Map<string, { found: number; argued: number; unnoticed: number }>();
const stale: string[] = [];

/** Counts an answer; says what went unnoticed, and a line when all of a file is done. */
function count({ file, shown }: Mistake, foundBy: string | null): void {
  const counts = tried.get(file) ?? { found: 0, argued: 0, unnoticed: 0 };
  tried.set(file, counts);
  const times = listed.get(file)?.get(shown) ?? 0;
  if (foundBy !== null) counts.found++;
  else if (times > 0) {
    counts.argued++;
    listed.get(file)!.set(shown, times - 1);
  } else {
    counts.unnoticed++;
    console.log(`${file}\n${shown}\n`);
  }
  const made = total.get(file)!.length;
  if (counts.found + counts.argued + counts.unnoticed < made) return;
  console.log(
    `${file}: ${made} made, ${counts.found} found, ${counts.argued} argued, ${counts.unnoticed} unnoticed\n`,
  );
  if (every > 1 || again !== null) return;
  for (const [text, left] of listed.get(file) ?? []) {
    if (left > 0) stale.push(`${file}\n${text}\n`);
  }
}

const key = ({ file, shown, nth }: Mistake): string => JSON.stringify([file, shown, nth]);

/** The answers of earlier runs, each on a line: file, text, place among its likes, who found it. */
function earlier(path: string): Map<string, string | null> {
  try {
    const rows = Deno.readTextFileSync(path).split("\n").filter((row) => row !== "")
      .map((row) => JSON.parse(row));
    return new Map(rows.map((row) => [JSON.stringify(row.slice(0, 3)), row[3]]));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw error;
  }
}

const resumed = options["resume"] as string | undefined;
const known = resumed === undefined ? new Map<string, string | null>() : earlier(resumed);
for (const mistake of mistakes) {
  const foundBy = known.get(key(mistake));
  if (foundBy !== undefined) count(mistake, foundBy);
}
const left = mistakes.filter((mistake) => !known.has(key(mistake)));
let answered = 0;
await Promise.all(
  Array.from({ length: Math.min(jobs, left.length) }, async (_, job) => {
    const share = left.filter((_, i) => i % jobs === job);
    for await (const [mistake, foundBy] of tryAll(share, taken)) {
      count(mistake, foundBy);
      answered++;
      if (resumed !== undefined) {
        const { file, shown, nth } = mistake;
        const row = JSON.stringify([file, shown, nth, foundBy]);
        Deno.writeTextFileSync(resumed, `${row}\n`, { append: true });
      }
    }
  }),
);
if (answered < left.length) {
  console.log(`${left.length - answered} of ${mistakes.length} mistakes are left`);
  Deno.exit(3);
}
if (stale.length > 0) console.log(`Listed, but noticed or not made:\n\n${stale.join("\n")}`);
const unnoticed = [...tried.values()].reduce((sum, counts) => sum + counts.unnoticed, 0);
console.log(`${mistakes.length} mistakes made, ${unnoticed} unnoticed`);
Deno.exit(unnoticed + stale.length > 0 ? 1 : 0);
