// The files of vectors/: their schema, where they come from, and what the model makes of them.
import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/2020";
import {
  formatVector,
  parseVector,
  parseVectors,
  runVector,
  type Vector,
} from "@ioeventfd/conform";
import { type KernelRelease, release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { makeVectors } from "../tools/make_vectors.ts";
import { listFiles, readText, root } from "../tools/workspace.ts";

const paths = listFiles("vectors", ".jsonl");
const schema = JSON.parse(readText("vectors/schema.json"));
const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: false });
const compiled = ajv.compile(schema);
const validate = (value: unknown): boolean => compiled(value);

function linesOf(path: string): string[] {
  return readText(path).trimEnd().split("\n");
}

Deno.test("vectors/ is at most 3 MB, and holds files that were given, recorded and derived", () => {
  const bytes = paths.map((path) => Deno.statSync(new URL(path, root)).size);
  assert(bytes.reduce((sum, one) => sum + one, 0) <= 3_000_000);
  const folders = Map.groupBy(paths, (path) => path.replace(/[^/]+$/, ""));
  assertEquals(
    [...folders].map(([folder, { length }]) => [folder, length]),
    [
      ["vectors/", 4],
      ["vectors/derived/", 6],
      ["vectors/live/", 5],
    ].toSorted(),
  );
});

Deno.test("every line of vectors/ fulfils vectors/schema.json, and has an id of its own", () => {
  for (const path of paths) {
    const ids = new Set<string>();
    for (const [i, line] of linesOf(path).entries()) {
      const value = JSON.parse(line);
      if (!validate(value)) throw new Error(`${path}:${i + 1}: ${ajv.errorsText(compiled.errors)}`);
      ids.add(value.id);
    }
    assertEquals(ids.size, linesOf(path).length, path);
  }
});

Deno.test("vectors/schema.json refuses what is no vector", () => {
  const [line] = linesOf("vectors/live/register.jsonl");
  const good = JSON.parse(line!);
  assert(validate(good));
  const wrong: readonly unknown[] = [
    { ...good, kind: "registration" },
    { ...good, errno: "no" },
    { ...good, op: { ...good.op, addr: 1 } },
    { ...good, op: { ...good.op, len: -1 } },
    { ...good, op: { ...good.op, fd: "eventfds" } },
    { ...good, surplus: 1 },
    { ...good, provenance: "guessed" },
    Object.fromEntries(Object.entries(good).filter(([name]) => name !== "errno")),
  ];
  assertEquals(wrong.map((value) => validate(value)), wrong.map(() => false));
});

Deno.test("formatVector() writes every line of vectors/live and vectors/derived as it is", () => {
  for (const path of paths.filter((one) => one.split("/").length > 2)) {
    for (const line of linesOf(path)) assertEquals(formatVector(parseVector(line)), line);
  }
});

/** The release that a vector is of; what was observed on 6.18 is of the newest. */
function releaseOf({ release: name }: Vector): KernelRelease {
  return release(name ?? "6.19");
}

for (const path of paths.filter((one) => one.split("/").length > 2)) {
  Deno.test(`the model does what ${path} says, on its release`, async () => {
    const backends = new Map<string, VmxBackend>();
    const file = await Deno.open(new URL(path, root));
    for await (const vector of parseVectors(file.readable, path)) {
      const of = releaseOf(vector);
      const backend = backends.get(of.name) ?? new VmxBackend({ release: of, paging: "shadow" });
      backends.set(of.name, backend);
      const { id, outcome, differences } = runVector(backend, vector);
      assertEquals([id, outcome, differences], [id, "passed", []]);
    }
  });
}

Deno.test("vectors/live is what the generators ask and the model answers, chance apart", () => {
  const { seed, lines } = JSON.parse(
    readText("vectors/live/recorded.json"),
  );
  const model = new VmxBackend({ paging: "shadow" });
  for (const [file, vectors] of makeVectors(model, seed, (one) => one[Symbol.dispose]())) {
    const recorded = linesOf(`vectors/live/${file}.jsonl`);
    assertEquals([file, recorded.length], [file, lines[file]]);
    if (file === "history") continue;
    const systematic = (line: string): boolean => !line.startsWith('{"id":"random/');
    const made = [...vectors].map(formatVector).filter(systematic);
    const kept = recorded.filter(systematic);
    assertEquals([file, made.length], [file, kept.length]);
    for (const [i, line] of made.entries()) assertEquals(line, kept[i]);
  }
});
