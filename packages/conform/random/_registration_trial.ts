import { RegistrationPlayer } from "../play_registrations.ts";
import { caseHistory, type RegistrationCase } from "../registration_case.ts";
import type { Vector } from "../vector.ts";
import { historyOutcome, observedHistory } from "./_history_trial.ts";
import { shorterLists, simplerIoeventfds, simplerLists } from "./_shrink.ts";
import { attempt, type Outcome, type Trial } from "./_trial.ts";
import type { ConformSide } from "./conform_side.ts";
import { drawRegistrationCase } from "./draw_registration.ts";
import type { Draw } from "./draw.ts";

type Batch = readonly RegistrationCase[];

/** Batches of registration cases, on VMs that they share. */
export class RegistrationTrial implements Trial<Batch> {
  readonly casesPerValue = 512;
  readonly valuesPerChunk = 1;
  readonly #model: ConformSide;
  readonly #judge: ConformSide;
  readonly #players: readonly [RegistrationPlayer, RegistrationPlayer];

  constructor(model: ConformSide, judge: ConformSide) {
    this.#model = model;
    this.#judge = judge;
    this.#players = [
      new RegistrationPlayer(model.backend, model),
      new RegistrationPlayer(judge.backend, judge),
    ];
  }

  draw(draw: Draw, cases: number): Batch {
    return Array.from({ length: cases }, () => drawRegistrationCase(draw));
  }

  *simpler(batch: Batch): Generator<Batch> {
    if (batch.length > 1) {
      yield* shorterLists(batch);
      return;
    }
    for (const one of batch) {
      for (const ops of shorterLists(one.ops)) yield [{ ...one, ops }];
      for (const ops of simplerLists(one.ops, simplerIoeventfds)) yield [{ ...one, ops }];
    }
  }

  differing(batch: Batch): number {
    const [model, judge] = this.#players;
    const expected = judge.play(batch), actual = attempt(() => model.play(batch));
    if ("threw" in actual) return batch.length;
    let count = 0;
    for (let i = 0; i < batch.length; i++) {
      const [one, other] = [actual.gave[i]!, expected[i]!];
      if (one.some((errno, at) => errno !== other[at])) count++;
    }
    return count;
  }

  observed(batch: Batch, id: string): Vector[] {
    return batch.map((one, i) => {
      const draft = { vms: 1, ops: caseHistory(one) };
      return observedHistory(this.#judge, draft, `${id}.${i}`);
    });
  }

  /** As a history on one VM; cases that differ only together stand in it one after the other. */
  outcome(batch: Batch, id: string): Outcome {
    const ops = batch.flatMap((one) => caseHistory(one));
    return historyOutcome(this.#model, this.#judge, { vms: 1, ops }, id);
  }

  [Symbol.dispose](): void {
    for (const player of this.#players) player[Symbol.dispose]();
  }
}
