// docs/differences.md is about what there is now; on what host it was written is its own matter.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { latestRelease, release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import {
  compareCases,
  compareSets,
  randomCases,
  vectorFiles,
} from "../tools/differences/compare.ts";
import type { Comparison } from "../tools/differences/comparison.ts";
import { differencesPage } from "../tools/differences/differences_page.ts";
import { readText } from "../tools/workspace.ts";
import { caseTopics } from "./cases/case_topics.ts";
import { HostModels } from "./cases/host_models.ts";

const page = readText("docs/differences.md");
const rows = new Map(
  [...page.matchAll(/^\| (\S.*?) +\| +(\d+) \| +(\d+) \| +(\d+) \|$/gm)].map((
    [, what, ...numbers],
  ) => [what!, numbers.map(Number)] as const),
);

/** The page may be older than the last case: who adds one may have no KVM to ask. */
function isCountOf(now: number, told: number, what: string): void {
  assert(told > 0 && told <= now, `${what}: ${told} of ${now}: deno task differences`);
}

Deno.test("docs/differences.md has a row for each topic, file of vectors and kind of chance", () => {
  for (const [topic, cases] of Object.entries(caseTopics)) {
    const [compared = 0, left = 0] = rows.get(`cases: ${topic}`) ?? [];
    isCountOf(cases.length, compared + left, topic);
  }
  for (const path of vectorFiles(latestRelease)) {
    const [compared = 0, left = 0] = rows.get(path) ?? [];
    const lines = readText(path).trimEnd().split("\n").length;
    isCountOf(lines, compared + left, path);
  }
  const chance = [...rows].filter(([what]) => what.startsWith("random: "));
  assertEquals(chance.map(([, [compared]]) => compared), Object.values(randomCases));
});

Deno.test("docs/differences.md counts right, and lists what it counts", () => {
  const [compared, , differ] = [0, 1, 2].map((column) =>
    [...rows.values()].reduce((sum, numbers) => sum + numbers[column]!, 0)
  );
  assertStringIncludes(page, `- Compared: ${compared} things, of which ${differ} differ\n`);
  const listed = page.split("## What differs\n")[1]!.split("## What was compared")[0]!.trim();
  assertEquals(listed === "None.", differ === 0);
});

const model = new VmxBackend({ paging: "shadow" });
const old = new VmxBackend({ release: release("4.4"), paging: "shadow" });
const host = new HostModels(model, "6.19.0");
const pair = { live: old, model, host, later: (one: Disposable) => one[Symbol.dispose]() };

Deno.test("comparing with another kernel finds what differs", () => {
  const cases = [...compareCases(pair)].flatMap(({ found }) => found);
  assert(cases.some(({ id }) => id.startsWith("KQ_02 ")), "irqfd without irqchip is EAGAIN in 4.4");
  assert(cases.every(({ kernel, model }) => kernel !== "ok" && model === "ok"));
  assert([...compareSets(pair)].some(({ found }) => found.length > 0), "4.4 sorts otherwise");
});

Deno.test("differencesPage() lists differences and what was left out", () => {
  const one: Comparison = {
    what: "cases: some",
    compared: 2,
    skipped: ["no PIT", "no PIT"],
    found: [{ id: "a | b", kernel: "EAGAIN", model: "EINVAL" }],
  };
  const report = { kernel: "5.15.1", model: "5.15", paging: "ept", comparisons: [one] } as const;
  const text = differencesPage(report);
  assertStringIncludes(text, "| a \\| b | EAGAIN | EINVAL |");
  assertStringIncludes(text, "- 2: no PIT\n");
  assertStringIncludes(text, "Compared: 2 things, of which 1 differ");
  const none = differencesPage({ ...report, comparisons: [{ ...one, skipped: [], found: [] }] });
  assertStringIncludes(none, "## What differs\n\nNone.\n");
});
