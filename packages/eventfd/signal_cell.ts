/**
 * Counters side by side in typed arrays: a bus with thousands of doorbells touches 16 bytes a signal rather than an
 * object each.
 *
 * @module
 */
import * as counterCells from "./_counter_cells.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { LO, SLOW, thread } = counterCells;

/** Where a counter is: a few words of an array that it shares with others. */
export interface CounterCell {
  /** Words of several counters. */
  readonly cells: Int32Array;
  /** Index of the low half of this one's count; the high half follows. */
  readonly at: number;
}

/**
 * What {@linkcode EventfdContext.signal} does when that is plain: nobody waits, the low half does not carry, and no wake
 * is under way. Allocates nothing.
 *
 * @param cells The context's `cells`
 * @param at Its `at`
 * @returns False when there is more to do, and nothing was done
 *
 * @example
 * ```ts
 * import { EventfdContext, signalCell } from "@ioeventfd/eventfd";
 *
 * const context = new EventfdContext();
 * if (!signalCell(context.cells, context.at)) context.signal();
 * if (context.count !== 1n) throw new Error("one signal, either way");
 * ```
 */
export function signalCell(cells: Int32Array, at: number): boolean {
  if ((cells[at + SLOW]! | thread[0]!) !== 0) return false;
  const lo = (cells[at + LO]! + 1) | 0;
  if (lo === 0) return false;
  cells[at + LO] = lo;
  return true;
}
