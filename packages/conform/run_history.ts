/**
 * Vectors of any history: kind `history`.
 *
 * @module
 */
import type { KvmBackend } from "@ioeventfd/uapi";
import { showResult } from "./history.ts";
import { playHistory } from "./play_history.ts";
import type { PlayOptions } from "./play_options.ts";
import type { HistoryVector } from "./vector.ts";
import { Comparison } from "./vector_result.ts";
import type { VectorResult } from "./vector_result.ts";

/**
 * Runs a `history` vector.
 *
 * @param backend Model or live kernel
 * @param vector A history and what came of each step
 * @param options How to end
 * @returns Passed or failed
 */
export function runHistory(
  backend: KvmBackend,
  vector: HistoryVector,
  options: PlayOptions = {},
): VectorResult {
  const comparison = new Comparison();
  const results = playHistory(backend, vector.vms, vector.steps.map(({ does }) => does), options);
  vector.steps.forEach(({ does, gives }, i) => {
    comparison.same(`${does.op} in step ${i}`, showResult(gives), showResult(results[i]!));
  });
  return comparison.result(vector);
}
