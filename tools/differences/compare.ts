/**
 * Everything there is to compare between the model and a live kernel.
 *
 * @module
 */
import { parseVector, runVector, type Vector } from "@ioeventfd/conform";
import { type CaseKind, conformCases, type ConformSide } from "@ioeventfd/conform/random";
import { CoreBackend } from "@ioeventfd/kvm-core";
import type { KernelRelease, KvmBackend } from "@ioeventfd/uapi";
import type { VmxBackend } from "@ioeventfd/vmx-sim";
import type { Case } from "../../tests/cases/case.ts";
import { caseTopics } from "../../tests/cases/case_topics.ts";
import type { HostModels } from "../../tests/cases/host_models.ts";
import { countDead, setKinds } from "../count_dead_doorbells.ts";
import { listFiles, readText } from "../workspace.ts";
import type { Comparison, Found } from "./comparison.ts";

/** Who is compared. */
export interface Pair {
  /** The kernel. */
  readonly live: KvmBackend;
  /** The model that stands for it. */
  readonly model: VmxBackend;
  /** What is known of the host. */
  readonly host: HostModels;
  /** Takes what is to be closed. */
  readonly later: (one: Disposable) => void;
}

/** How many random cases of each kind, and from which seed. */
export const randomCases: Readonly<Record<CaseKind, number>> = {
  registration: 20_000,
  history: 1_000,
  guest: 1_000,
};
const SEED = 1, SETS = 100;

/** `ok`, or the first line of what it threw. */
function outcomeOf(one: Case, backend: KvmBackend): string {
  try {
    one.play(backend);
    return "ok";
  } catch (error) {
    return String(error).split("\n", 1)[0]!;
  }
}

/** The suite of cases, a row a topic. */
export function* compareCases({ live, model, host }: Pair): Generator<Comparison> {
  for (const [topic, cases] of Object.entries(caseTopics)) {
    const skipped: string[] = [], found: Found[] = [];
    let compared = 0;
    for (const one of cases) {
      const reason = host.whySkipped(one);
      if (reason !== null) {
        skipped.push(reason);
        continue;
      }
      compared++;
      const kernel = outcomeOf(one, live), ours = outcomeOf(one, model);
      if (kernel !== ours) found.push({ id: one.name, kernel, model: ours });
    }
    yield { what: `cases: ${topic}`, compared, skipped, found };
  }
}

/** Files of vectors that a host's kernel can be asked: observed ones, and those derived for its release. */
export function vectorFiles(release: KernelRelease): string[] {
  return listFiles("vectors", ".jsonl").filter((path) =>
    !path.startsWith("vectors/derived/") || path === `vectors/derived/${release.name}.jsonl`
  );
}

/** Every vector, a row a file. */
export function* compareVectors({ live, model, host }: Pair): Generator<Comparison> {
  for (const path of vectorFiles(model.release)) {
    const text = readText(path).trimEnd();
    const skipped: string[] = [], found: Found[] = [];
    let compared = 0;
    for (const [i, line] of text.split("\n").entries()) {
      const vector = parseVector(line, path, i + 1);
      if (host.paging === "ept" && isOfShadow(vector)) {
        skipped.push("guests with zero length in memory, observed without EPT");
        continue;
      }
      compared++;
      const kernel = answers(live, vector), ours = answers(model, vector);
      if (kernel !== ours) found.push({ id: `${path}:${i + 1} ${vector.id}`, kernel, model: ours });
    }
    yield { what: path, compared, skipped, found };
  }
}

function isOfShadow(vector: Vector): boolean {
  return vector.kind === "guest" &&
    vector.registrations.some(({ len, flags }) => len === 0 && (flags & 2) === 0);
}

/** `as recorded`, or what a backend did otherwise. */
function answers(backend: KvmBackend, vector: Vector): string {
  const { outcome, differences, reason } = runVector(backend, vector);
  if (outcome === "skipped") return `skipped: ${reason}`;
  const texts = differences.map(({ what, expected, actual }) =>
    `${what}: ${actual}, not ${expected}`
  );
  return texts.length === 0 ? "as recorded" : texts.join("; ");
}

/** Random cases of every kind; a difference is made smaller before it is told. */
export function* compareRandom({ live, model, host, later }: Pair): Generator<Comparison> {
  const judge: ConformSide = { backend: live, later };
  for (const kind of ["registration", "history", "guest"] as const) {
    const { release } = model;
    const backend = kind === "registration" ? new CoreBackend({ release }) : model;
    const zeroLengthMmio = kind !== "history" || host.paging === "shadow";
    const found: Found[] = [];
    let compared = 0;
    const options = {
      ...{ model: { backend }, judge, kind, cases: randomCases[kind], seed: SEED },
      zeroLengthMmio,
      now: () => performance.now(),
    };
    for (const { played, finding } of conformCases(options)) {
      compared += played;
      if (finding === null) continue;
      const { vector, differences } = finding;
      const [first] = differences;
      found.push({
        id: vector.id,
        kernel: `${first?.what ?? "something"}: ${first?.expected ?? "not seen again"}`,
        model: first?.actual ?? "not seen again",
      });
    }
    yield { what: `random: ${kind}, seed ${SEED}`, compared, skipped: [], found };
  }
}

/** Random sets of registrations by kind: how many have a dead one. */
export function* compareSets({ live, model }: Pair): Generator<Comparison> {
  for (const kind of setKinds) {
    const order = kind.ascending ? "ascending" : "any order";
    const kernel = countDead(kind, SETS, SEED, live), ours = countDead(kind, SETS, SEED, model);
    const id = `${SETS} sets: ${kind.name}, ${order}`;
    const found = kernel === ours
      ? []
      : [{ id, kernel: `${kernel} with a dead one`, model: String(ours) }];
    yield { what: `sets: ${kind.name}, ${order}`, compared: SETS, skipped: [], found };
  }
}
