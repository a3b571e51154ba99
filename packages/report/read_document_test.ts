import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { readDocument } from "./read_document.ts";
import { renderReport } from "./render_report.ts";

const shape = {
  name: "mmio-no-eventfd",
  signals: 0,
  userspaceExits: 1,
  pageTableReads: 3,
  eptReads: 0,
  bytesFetched: 15,
  decoded: 1,
  busCompares: 0,
  cycles: 8547,
  hostNs: null,
};
const comparison = {
  kernel: "6.19",
  iterations: 20,
  rows: [shape],
  firstTouch: [shape],
  notes: [{ row: "a", note: "b" }],
  costTable: [{ work: "exits", cycles: 1200, fitted: false, source: "somebody" }],
  published: [{ name: "a", cycles: 1, modelled: 2, source: "somebody" }],
};

Deno.test("readDocument() reads a comparison, and passes over what it does not know", () => {
  const part = readDocument("x", JSON.stringify({ ...comparison, more: { deep: [1] } }));
  assert(part.kind === "comparison");
  assertEquals(part.comparison, comparison);
});

Deno.test("readDocument() reads a bench: sizes in order, peers that are missing, axes that are not there", () => {
  const part = readDocument(
    "x",
    JSON.stringify({
      machine: { cpu: "any", cpus: 2 },
      date: "2026-01-01",
      axes: {
        dispatch: {
          "1000": { modelNs: 5, nativeNs: null, ratioSpread: [1, 2] },
          "16": { modelNs: 4 },
          "many": { modelNs: 1 },
        },
        replay: { mbPerS: 250, ftrace: { mbPerS: 100 } },
        conform: { casesPerS: 7 },
      },
    }),
  );
  assert(part.kind === "bench");
  const { dispatch, assign, kick, replay, replayFtrace, others } = part.bench;
  assertEquals(dispatch, [
    { n: 16, figures: { modelNs: 4 } },
    { n: 1000, figures: { modelNs: 5, nativeNs: null } },
  ]);
  assertEquals([assign, kick], [[], {}]);
  assertEquals([replay, replayFtrace], [{ mbPerS: 250 }, { mbPerS: 100 }]);
  assertEquals(others, { casesPerS: 7, coldStartMs: null, bytesPerRegistration: null });
});

Deno.test("readDocument() names the field that is wrong", () => {
  const cases: [change: object, message: string][] = [
    [{ kernel: 6.19 }, "comparison.kernel is not a text"],
    [{ iterations: -1 }, "comparison.iterations is not a number from 0 on"],
    [{ rows: {} }, "comparison.rows is not a list"],
    [{ rows: [shape, null] }, "comparison.rows[1] is not an object"],
    [
      { rows: [{ ...shape, cycles: "8547" }] },
      "comparison.rows[0].cycles is not a number from 0 on",
    ],
    [{ rows: Array(501).fill(shape) }, "comparison.rows has more than 500 items"],
    [
      { notes: [{ row: "a", note: "b".repeat(2001) }] },
      "comparison.notes[0].note is too long a text",
    ],
    [{ published: undefined }, "comparison.published is not a list"],
  ];
  for (const [change, message] of cases) {
    const text = JSON.stringify({ ...comparison, ...change });
    assertThrows(() => readDocument("x", text), SyntaxError, message);
  }
});

Deno.test("readDocument() refuses other JSON, and what is none", () => {
  const cases: [text: string, message: string][] = [
    ["[]", "JSON of no known kind"],
    ["null", "JSON of no known kind"],
    ['{"__proto__":{"axes":{}}}', "JSON of no known kind"],
    ['{"doorbells":[]}', "give the recording itself"],
    ['{"axes":{},"machine":{}}', "bench.date is not a text"],
    ['{"axes":{},"machine":{"a":[]},"date":""}', "bench.machine.a is not a number from 0 on"],
    ['{"axes":', "ends too early"],
    ["{axes}", "Not JSON"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => readDocument("x", text), SyntaxError, message);
  }
});

const bench = {
  machine: { cpu: "any" },
  date: "2026-01-01",
  axes: {
    dispatch: { "1": { modelNs: 4, ratio: 2 }, "1000": { modelNs: 5 } },
    kick: { fastNs: 30 },
    replay: { mbPerS: 250, ftrace: { mbPerS: 1 } },
    conform: { casesPerS: 7 },
  },
};

const spread = { least: 1, lowerQuartile: 2, median: 3, upperQuartile: 4 };
const kicks = {
  backend: "kvm",
  rounds: 31,
  cyclesPerUs: 2245.9,
  path: { fastMmio: false, eptParameter: null },
  rows: ["none", "userspace", "eventfd"].map((takenBy, i) => ({
    name: ["empty-loop", "mmio-no-eventfd", "mmio-wildcard-eventfd"][i],
    about: "a shape",
    takenBy,
    kicks: 200,
    cycles: spread,
    ns: spread,
    net: { cycles: -1, ns: 10 * (3 - i) },
  })),
};
const modelled = {
  backend: "sim",
  kernel: "6.19",
  kicks: 200,
  rows: [{ name: "mmio-no-eventfd", paths: ["a", "b"], modelledCycles: 8547, simulatorNs: null }],
};

Deno.test("readDocument() reads kicks on a KVM and on the model; a net may be below 0", () => {
  const measured = readDocument("x", JSON.stringify(kicks));
  assert(measured.kind === "kicks" && measured.kicks.backend === "kvm");
  assertEquals(measured.kicks.fastMmio, false);
  assertEquals(measured.kicks.rows.map(({ netCycles, ns }) => [netCycles, ns.median]), [
    [-1, 3],
    [-1, 3],
    [-1, 3],
  ]);
  const model = readDocument("x", JSON.stringify(modelled));
  assert(model.kind === "kicks" && model.kicks.backend === "sim");
  assertEquals(model.kicks.rows[0]?.cycles, 8547);
  const other = JSON.stringify({ ...modelled, backend: "tcg" });
  assertThrows(() => readDocument("x", other), SyntaxError, "neither kvm nor sim");
});

Deno.test("renderReport() says of measured kicks what userspace costs more", async () => {
  const page = await renderReport([readDocument("x", JSON.stringify(kicks))]);
  assert(page.includes("A store to userspace takes 2 times what one to an ioeventfd takes"));
  assert(page.includes("No fast MMIO path here"));
});

/** Puts something else in one place of a document. */
function changed(value: unknown, path: readonly number[], other: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined || typeof value !== "object" || value === null) return other;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  const keys = Object.keys(copy);
  if (keys.length === 0) return other;
  const key = keys[first % keys.length]!;
  copy[key] = changed(copy[key], rest, other);
  return copy;
}

Deno.test("readDocument() refuses any wrong document with a SyntaxError, and what it takes can be shown", async () => {
  const wrong = fc.constantFrom(null, -1, 1e300, "1e999", "</script>", [], {}, true, [[{}]], 0.5);
  const path = fc.array(fc.nat(20), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<unknown>(comparison, bench, kicks, modelled),
      path,
      wrong,
      async (document, at, other) => {
        let part;
        try {
          part = readDocument("x", JSON.stringify(changed(document, at, other)));
        } catch (error) {
          assert(error instanceof SyntaxError, String(error));
          return;
        }
        const page = await renderReport([part]);
        const shown = page.slice(page.indexOf("<main"), page.indexOf("<script>"));
        assert(page.endsWith("</html>\n") && !/NaN|Infinity|undefined|\[object/.test(shown));
      },
    ),
    { numRuns: 150 },
  );
});
