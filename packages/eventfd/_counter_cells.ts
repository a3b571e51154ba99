import type { CounterCell } from "./signal_cell.ts";

/** Words of a cell: the count, low half first, and what is not 0 when a signal has more to do than to add. */
export const LO = 0, HI = 1, SLOW = 2;
const WORDS = 4, MOST = 256 * WORDS;

/** Not 0 in the callbacks of an eventfd wake: `current->in_eventfd`. */
export const thread: Int32Array = new Int32Array(1);

let last = new Int32Array(0);
let used = 0;

/** A cell at 0. An array lives as long as a counter in it. */
export function newCell(): CounterCell {
  if (used === last.length) {
    last = new Int32Array(Math.min(Math.max(last.length * 2, 4 * WORDS), MOST));
    used = 0;
  }
  const at = used;
  used += WORDS;
  return { cells: last, at };
}

/** From now on a signal has more to do than to add. */
export function signalSlowly({ cells, at }: CounterCell): void {
  cells[at + SLOW] = 1;
}

/** Adds 1 whatever the halves are; 2^64-1 stays. */
export function addOne({ cells, at }: CounterCell): void {
  const lo = (cells[at + LO]! + 1) | 0;
  if (lo === 0) {
    if (cells[at + HI] === -1) return;
    cells[at + HI]!++;
  }
  cells[at + LO] = lo;
}
