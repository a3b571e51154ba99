import { playGuest } from "../play_guest.ts";
import { guestDifferences } from "../run_guest.ts";
import type { GuestObservation, Vector } from "../vector.ts";
import { shorterLists } from "./_shrink.ts";
import { attempt, type Outcome, type Trial } from "./_trial.ts";
import type { ConformSide } from "./conform_side.ts";
import { drawGuest, type GuestDraft, guestSetup, type GuestShape } from "./draw_guest.ts";
import type { Draw } from "./draw.ts";

/** Random machine code. */
export class GuestTrial implements Trial<GuestDraft> {
  readonly casesPerValue = 1;
  readonly valuesPerChunk = 16;
  readonly #model: ConformSide;
  readonly #judge: ConformSide;
  readonly #shape: GuestShape;

  constructor(model: ConformSide, judge: ConformSide, shape: GuestShape) {
    this.#model = model;
    this.#judge = judge;
    this.#shape = shape;
  }

  draw(draw: Draw): GuestDraft {
    return drawGuest(draw, this.#shape);
  }

  *simpler(draft: GuestDraft): Generator<GuestDraft> {
    for (const steps of shorterLists(draft.steps)) yield { ...draft, steps };
    for (const registrations of shorterLists(draft.registrations)) {
      yield { ...draft, registrations };
    }
  }

  differing(draft: GuestDraft): number {
    return this.outcome(draft, "").differences.length === 0 ? 0 : 1;
  }

  observed(draft: GuestDraft, id: string): Vector[] {
    const guest = guestSetup(draft);
    return [{ kind: "guest", id, ...guest, ...play(this.#judge, guest) }];
  }

  outcome(draft: GuestDraft, id: string): Outcome {
    const guest = guestSetup(draft);
    const expected = play(this.#judge, guest), actual = attempt(() => play(this.#model, guest));
    const vector = { kind: "guest", id, ...guest, ...expected } as const;
    const differences = "threw" in actual
      ? [{ what: "model", expected: "an answer", actual: actual.threw }]
      : guestDifferences(expected, actual.gave);
    return { vector, differences };
  }

  [Symbol.dispose](): void {}
}

function play(
  { backend, later }: ConformSide,
  guest: ReturnType<typeof guestSetup>,
): Required<GuestObservation> {
  const observed = playGuest(backend, guest, later === undefined ? {} : { later });
  if (observed === null) throw new TypeError(`Backend ${backend.name} has no CPU to run guests on`);
  return observed;
}
