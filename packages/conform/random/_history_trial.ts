import { type HistoryOp, type HistoryResult, showResult } from "../history.ts";
import { playHistory } from "../play_history.ts";
import type { HistoryVector } from "../vector.ts";
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
  const steps = draft.ops.map((does, i) => ({ does, gives: expected[i]! }));
  const vector: HistoryVector = { kind: "history", id, vms: draft.vms, steps };
  return { vector, differences: comparison.differences };
}

function play(side: ConformSide, { vms, ops }: HistoryDraft): HistoryResult[] {
  const { later } = side;
  return playHistory(side.backend, vms, ops, later === undefined ? {} : { later });
}

function onFirst(op: HistoryOp): HistoryOp {
  return "vm" in op ? { ...op, vm: 0 } : op;
}
