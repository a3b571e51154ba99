import type { HistoryOp, IoeventfdOp } from "../history.ts";

/** The list without some of its elements: halves first, then ever smaller parts, down to each one. */
export function* shorterLists<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let part = list.length >> 1; part >= 1; part >>= 1) {
    for (let start = 0; start < list.length; start += part) {
      if (part < list.length) yield [...list.slice(0, start), ...list.slice(start + part)];
    }
  }
  if (list.length === 1) yield [];
}

/** The list with one of its elements simpler. */
export function* simplerLists<T>(
  list: readonly T[],
  simpler: (element: T) => Iterable<T>,
): Generator<readonly T[]> {
  for (const [i, element] of list.entries()) {
    for (const other of simpler(element)) yield list.with(i, other);
  }
}

/** The same op with a field that says less. */
export function* simplerOps(op: HistoryOp): Generator<HistoryOp> {
  switch (op.op) {
    case "ioeventfd":
      yield* simplerIoeventfds(op);
      break;
    case "write":
      if (op.times > 1) {
        yield { ...op, times: 1 };
        yield { ...op, times: op.times >> 1 };
        yield { ...op, times: op.times - 1 };
      }
      if (op.value !== 0n) yield { ...op, value: 0n };
      break;
    case "eventfd":
      if (op.initial !== 0) yield { ...op, initial: 0 };
      if ((op.flags & 1) !== 0) yield { ...op, flags: op.flags & ~1 };
      break;
    case "slot":
      if (op.flags !== 0) yield { ...op, flags: 0 };
      break;
    case "add":
      if (op.value > 1n) yield { ...op, value: 1n };
      break;
  }
}

/** The same call with less in it. */
export function* simplerIoeventfds(op: IoeventfdOp): Generator<IoeventfdOp> {
  if (op.datamatch !== 0n) yield { ...op, datamatch: 0n };
  for (let bit = 31; bit >= 0; bit--) {
    if ((op.flags & 1 << bit) !== 0) yield { ...op, flags: (op.flags & ~(1 << bit)) >>> 0 };
  }
  if (op.fd !== 0) yield { ...op, fd: 0 };
  if (op.len > 4) yield { ...op, len: 4 };
}
