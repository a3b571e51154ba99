/**
 * Whether the variants did the same work: which device took how many writes, and what a replay found.
 *
 * @module
 */
import type { RecordingFacts } from "./recording.ts";
import type { Answers } from "./run_rounds.ts";

interface Written {
  readonly hits: number;
  readonly checksum: number;
}

interface Replayed {
  readonly lines: number;
  readonly signals: number;
  readonly exits: number;
  readonly unexplained: number;
  readonly contradictions: number;
}

interface Scanned {
  readonly lines: number;
  readonly exits: number;
}

/**
 * Compares the work of the variants.
 *
 * @param answers Of every variant and round
 * @param recordings What is in the recordings
 * @throws {Error} where two of them differ
 */
export function verify(
  answers: Answers,
  recordings: { readonly bpftrace: RecordingFacts; readonly ftrace: RecordingFacts },
): void {
  const get = <T>(name: string): readonly T[] => (answers.get(name) ?? []) as readonly T[];
  const model = get<Record<string, Written>>("model hit")[0]!;
  for (const name of ["model hit", "floor hit", "api hit", "native hit", "v86 hit"]) {
    for (const answer of get<Record<string, Written>>(name)) {
      for (const [n, { hits, checksum }] of Object.entries(answer)) {
        same(`${name}, N = ${n}: hits`, hits, model[n]!.hits);
        same(`${name}, N = ${n}: checksum`, checksum, model[n]!.checksum);
      }
    }
  }
  for (const name of ["model miss", "native miss"]) {
    for (const answer of get<Record<string, Written>>(name)) {
      for (const [n, { hits }] of Object.entries(answer)) same(`${name}, N = ${n}`, hits, 0);
    }
  }
  for (const name of ["model datamatch", "native datamatch"]) {
    for (const answer of get<Record<string, Written>>(name)) {
      for (const [n, { hits, checksum }] of Object.entries(answer)) {
        const expected = Number(BigInt(hits) * BigInt(n) & 0xffff_ffffn);
        if (hits === 0) throw new Error(`${name}, N = ${n}: nothing hit`);
        same(`${name}, N = ${n}: checksum`, checksum, expected);
      }
    }
  }
  for (
    const [suffix, facts] of [["", recordings.bpftrace], [" ftrace", recordings.ftrace]] as const
  ) {
    for (const answer of get<Replayed>(`model replay${suffix}`)) {
      same(`replay${suffix}: lines`, answer.lines, facts.lines);
      same(`replay${suffix}: signals`, answer.signals, facts.kicks);
      same(`replay${suffix}: exits`, answer.exits, facts.exits);
      same(`replay${suffix}: exits without a cause`, answer.unexplained, 0);
      same(`replay${suffix}: contradictions`, answer.contradictions, 0);
    }
    for (const { lines, exits } of get<Scanned>(`native scan${suffix}`)) {
      same(`scan${suffix}: lines`, lines, facts.lines);
      same(`scan${suffix}: exits`, exits, facts.exits);
    }
    for (const { lines } of get<{ lines: number }>(`floor scan${suffix}`)) {
      same(`floor scan${suffix}: lines`, lines, facts.lines);
    }
  }
}

function same(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what} is ${actual} rather than ${expected}`);
}
