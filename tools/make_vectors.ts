/**
 * Records vectors from this host's kernel: `deno task vectors`.
 *
 * Asks what the generators of `tools/vectors/` ask, and writes the kernel's answers to `vectors/live/`, one file a kind, with
 * `vectors/live/recorded.json` telling what was asked of whom; then what follows for other releases to `vectors/derived/`.
 * `--seed N` draws other random questions, `--out FOLDER` writes this host's answers elsewhere and nothing else, `--times N`
 * asks N times as many random ones.
 *
 * @module
 */
import { formatVector, observeVector } from "@ioeventfd/conform";
import type { GuestVector, Vector } from "@ioeventfd/conform";
import { randomVectors } from "@ioeventfd/conform/random";
import { DisposeLater, LiveBackend } from "@ioeventfd/kvm-live";
import { SeededRandom } from "@ioeventfd/scenario";
import type { KvmBackend } from "@ioeventfd/uapi";
import { parseArgs } from "@std/cli/parse-args";
import { hostRelease, pagingOf } from "../tests/cases/host_models.ts";
import { deriveVectors } from "./derive_vectors.ts";
import { busQuestions } from "./vectors/bus_questions.ts";
import { collideQuestions } from "./vectors/collide_questions.ts";
import { guestQuestions } from "./vectors/guest_questions.ts";
import { registerQuestions } from "./vectors/register_questions.ts";

/** How many questions are left to chance, by file. */
export const randomCounts = {
  register: 600,
  collide: 400,
  bus: 80,
  guest: 60,
  programs: 120,
  history: 100,
  registrations: 200,
} as const;

/** Files of recorded vectors, by kind. */
export type RecordedFile = "register" | "collide" | "bus" | "guest" | "history";

/**
 * All vectors of a backend.
 *
 * @param backend Who answers
 * @param seed Where chance begins
 * @param later Takes what is to be closed
 * @param times How many times as many random questions as `randomCounts` has
 * @returns Files in their order, each with its vectors
 */
export function* makeVectors(
  backend: KvmBackend,
  seed: number,
  later: (one: Disposable) => void,
  times = 1,
): Generator<readonly [file: RecordedFile, vectors: Iterable<Vector>]> {
  const random = new SeededRandom(seed);
  const count = (of: keyof typeof randomCounts): number => times * randomCounts[of];
  const answer = <T extends Vector>(asked: T): T => {
    const { vector, reason } = observeVector(backend, asked, { later });
    if (vector === null) throw new Error(`${asked.id}: ${reason}`);
    return vector as T;
  };
  const side = { backend, later };
  yield ["register", map(registerQuestions(random, count("register")), answer)];
  yield ["collide", map(collideQuestions(random, count("collide")), answer, firstWas)];
  yield ["bus", map(busQuestions(random, count("bus")), answer)];
  const guests = guestQuestions(answer, random, count("guest"));
  yield [
    "guest",
    chain(
      map(guests, (asked) => withoutRegs(answer(asked))),
      randomVectors({ side, kind: "guest", cases: count("programs"), seed }),
    ),
  ];
  yield [
    "history",
    chain(
      [],
      randomVectors({ side, kind: "history", cases: count("history"), seed }),
      randomVectors({ side, kind: "registration", cases: count("registrations"), seed }),
    ),
  ];
}

function* chain(first: Iterable<Vector>, ...rest: Iterable<Iterable<Vector>>[]): Generator<Vector> {
  yield* first;
  for (const chunks of rest) for (const some of chunks) yield* some;
}

function* map<T>(
  asked: Iterable<T>,
  answer: (one: T) => T,
  keep: (error: unknown) => boolean = () => false,
): Generator<T> {
  for (const one of asked) {
    try {
      yield answer(one);
    } catch (error) {
      if (!keep(error)) throw error;
    }
  }
}

/** Pairs whose first is refused already are no question of collision. */
function firstWas(error: unknown): boolean {
  return error instanceof Error && error.message.includes("the first registration was refused");
}

/** Instructions of all kinds leave flags undefined, and what matters of these is their doorbells. */
function withoutRegs(vector: GuestVector): GuestVector {
  const { regs: _, ...rest } = vector;
  return rest;
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, { string: ["seed", "out", "times"] });
  const seed = Number(args["seed"] ?? 20140418), out = String(args["out"] ?? "vectors/live");
  if (args["out"] === undefined) deriveVectors();
  const times = Number(args["times"] ?? 1);
  const live = new LiveBackend(), kvm = live.available();
  if (!kvm.ok) {
    console.error(`Nothing was recorded from this host: ${kvm.reason}`);
    Deno.exit(4);
  }
  using later = new DisposeLater();
  await Deno.mkdir(out, { recursive: true });
  const lines: Record<string, number> = {};
  for (const [file, vectors] of makeVectors(live, seed, (one) => void later.push(one), times)) {
    const text = [...vectors].map((vector) => `${formatVector(vector)}\n`);
    lines[file] = text.length;
    await Deno.writeTextFile(`${out}/${file}.jsonl`, text.join(""));
    console.log(`${out}/${file}.jsonl: ${text.length} vectors`);
  }
  const [kernel] = /^[\d.]+/.exec(hostRelease()) ?? [null];
  const about = { kernel, paging: pagingOf(live), seed, lines };
  await Deno.writeTextFile(`${out}/recorded.json`, JSON.stringify(about, null, 2) + "\n");
}

if (import.meta.main) await main();
