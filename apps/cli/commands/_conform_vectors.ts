/**
 * `conform` with files of vectors.
 *
 * @module
 */
import { observeVector, parseVectors, runVector, Tally } from "@ioeventfd/conform";
import type { Vector } from "@ioeventfd/conform";
import { DisposeLater } from "@ioeventfd/kvm-live";
import { InputError } from "../cli_error.ts";
import type { Context } from "../command.ts";
import { inputName } from "../host.ts";
import { Progress } from "../progress.ts";
import { unpackGzip } from "../unpack_gzip.ts";
import type { ConformOutcome, Failure, TestPoint } from "./_conform_outcome.ts";
import type { VectorPlayer } from "./_vector_player.ts";

/** What is played. */
export interface VectorPlan {
  /** Files of vectors. */
  readonly files: readonly string[];
  /** Who plays them, one after the other. */
  readonly players: readonly VectorPlayer[];
  /** Release of the model, or null where there is none. */
  readonly kernel: string | null;
  /** Takes what the backend did, as vectors. */
  readonly record?: (vector: Vector) => void;
}

/**
 * Plays vectors.
 *
 * @param context For input, progress and Ctrl-C
 * @param plan What is played
 */
export async function playVectors(context: Context, plan: VectorPlan): Promise<ConformOutcome> {
  const { files, players, kernel, record } = plan;
  const start = performance.now();
  const signal = context.interrupts();
  const tally = new Tally(), progress = new Progress(context, "vectors");
  const failures: Failure[] = [], points: TestPoint[] = [];
  let done = 0, lookedAt = start;
  // A live kernel closes a VM at once that is closed a little later.
  using waiting = new DisposeLater();
  const later = (one: Disposable): void => void waiting.push(one);
  const play = (player: VectorPlayer, vector: Vector): void => {
    const backend = player.of(vector);
    const result = runVector(backend, vector, { later });
    const failure = result.outcome === "failed" ? { result } : undefined;
    tally.add(result);
    if (failure !== undefined) failures.push(failure);
    const { kind: group, outcome, reason } = result;
    const name = players.length > 1 ? `${vector.id} on ${backend.name}` : vector.id;
    points.push({ group, name, outcome, reason, ...(failure && { failure }) });
    if (record === undefined) return;
    const observed = observeVector(backend, vector, { later });
    if (observed.vector !== null) record(observed.vector);
  };
  for (const file of files) {
    const before = done;
    const stream = unpackGzip(await context.open(file), () => {
      const name = inputName(file);
      return new InputError(
        `${name}: broken gzip data after ${done - before} vectors: is the file cut off?`,
      );
    });
    for await (const vector of parseVectors(stream, inputName(file))) {
      for (const player of players) play(player, vector);
      await progress.update(++done);
      if (performance.now() - lookedAt > 100) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        lookedAt = performance.now();
      }
      if (signal.aborted) break;
    }
    if (signal.aborted) break;
    if (done === before) throw new InputError(`${inputName(file)}: there is no vector in it`);
  }
  await progress.finish();
  return {
    about: [],
    backends: players.map(({ name }) => name),
    kernel,
    seed: null,
    rows: tally.rows(),
    failures,
    points,
    stopped: signal.aborted ? "interrupted" : null,
    seconds: (performance.now() - start) / 1000,
  };
}
