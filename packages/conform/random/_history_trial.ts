import { type HistoryOp, type HistoryResult, showResult } from "../history.ts";
import { playHistory } from "../play_history.ts";
import type { HistoryVector, Vector } from "../vector.ts";
import { Comparison } from "../vector_result.ts";
import { shorterLists, simplerLists, simplerOps } from "./_shrink.ts";
import { attempt, type Outcome, type Trial } from "./_trial.ts";
import type { ConformSide } from "./conform_side.ts";
import { drawHistory, type HistoryDraft, type HistoryShape } from "./draw_history.ts";
import type { Draw } from "./draw.ts";

/** Histories with guest writes. */
export class HistoryTrial implements Trial<HistoryDraft> {
  readonly casesPerValue = 1;
  readonly valuesPerChunk = 16;
  readonly #model: ConformSide;
  readonly #judge: ConformSide;
  readonly #shape: HistoryShape;

  constructor(model: ConformSide, judge: ConformSide, shape: HistoryShape) {
    this.#model = model;
    this.#judge = judge;
    this.#shape = shape;
  }

  draw(draw: Draw): HistoryDraft {
    return drawHistory(draw, this.#shape);
  }

  *simpler({ vms, ops }: HistoryDraft): Generator<HistoryDraft> {
    if (vms > 1 && ops.every(({ op }) => op !== "destroy")) yield { vms: 1, ops: ops.map(onFirst) };
    for (const fewer of shorterLists(ops)) yield { vms, ops: fewer };
    for (const simpler of simplerLists(ops, simplerOps)) yield { vms, ops: simpler };
  }

  differing(draft: HistoryDraft): number {
    const judge = play(this.#judge, draft);
    const model = attempt(() => play(this.#model, draft));
    if ("threw" in model) return 1;
    return judge.some((result, i) => showResult(result) !== showResult(model.gave[i]!)) ? 1 : 0;
  }

  observed(draft: HistoryDraft, id: string): Vector[] {
    return [observedHistory(this.#judge, draft, id)];
  }

  outcome(draft: HistoryDraft, id: string): Outcome {
    return historyOutcome(this.#model, this.#judge, draft, id);
  }

  [Symbol.dispose](): void {}
}

/** A history on both sides, as the judge's vector. */
export function historyOutcome(
  model: ConformSide,
  judge: ConformSide,
  draft: HistoryDraft,
  id: string,
): Outcome {
  const expected = play(judge, draft), actual = attempt(() => play(model, draft));
  const comparison = new Comparison();
  if ("threw" in actual) comparison.same("model", "an answer", actual.threw);
  else {
    draft.ops.forEach((does, i) => {
      const [want, got] = [showResult(expected[i]!), showResult(actual.gave[i]!)];
      comparison.same(`${does.op} in step ${i}`, want, got);
    });
  }
  return { vector: historyVector(draft, expected, id), differences: comparison.differences };
}

function historyVector(
  { vms, ops }: HistoryDraft,
  gives: readonly HistoryResult[],
  id: string,
): HistoryVector {
  const steps = ops.map((does, i) => ({ does, gives: gives[i]! }));
  return { kind: "history", id, vms, steps };
}

/** What a side does with a history, as a vector. */
export function observedHistory(side: ConformSide, draft: HistoryDraft, id: string): HistoryVector {
  return historyVector(draft, play(side, draft), id);
}

function play(side: ConformSide, { vms, ops }: HistoryDraft): HistoryResult[] {
  const { later } = side;
  return playHistory(side.backend, vms, ops, later === undefined ? {} : { later });
}

function onFirst(op: HistoryOp): HistoryOp {
  return "vm" in op ? { ...op, vm: 0 } : op;
}
