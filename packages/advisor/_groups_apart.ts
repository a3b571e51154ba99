import type { IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";

/** Something that a step puts on a bus. */
export interface PlacedRange {
  readonly step: number;
  readonly range: IoRange;
}

/** First address of a range. */
export function addressOf({ lo, hi }: IoRange): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/**
 * Groups of steps whose ranges overlap or touch. Ranges of different groups compare one way, so on a bus that inserts in
 * order a group's part of the array does not depend on the others.
 *
 * @returns The group of each step; null where that cannot be told, because a range goes round the end of the address
 * space or a step puts several ranges on the bus
 */
export function groupsApart(
  placed: readonly PlacedRange[],
): Map<number, Set<number>> | null {
  if (new Set(placed.map((one) => one.step)).size !== placed.length) return null;
  if (placed.some(({ range }) => wraps(range))) return null;
  const groupOf = new Map<number, Set<number>>();
  const sorted = placed.map(({ step, range }) => ({ step, from: addressOf(range), len: range.len }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  let end = -1n;
  let group = new Set<number>();
  for (const { step, from, len } of sorted) {
    if (from > end) group = new Set();
    group.add(step);
    groupOf.set(step, group);
    const itsEnd = from + BigInt(len);
    if (itsEnd > end) end = itsEnd;
  }
  return groupOf;
}

/**
 * Whether the order of registration cannot matter. It does where a range lies within another that starts elsewhere (zero
 * length at the other's end is within), because the comparison of two such ranges says "equal" one way and "below" the
 * other. Heapsort also stumbles over two lengths at one address, which compare as equal one way and as above the other.
 */
export function safeInAnyOrder(ranges: readonly IoRange[], rules: BusRules): boolean {
  if (ranges.some(wraps)) return false;
  const sorted = ranges.map((range) => ({ from: addressOf(range), len: BigInt(range.len) }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  return sorted.every((a, i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const b = sorted[j]!;
      const distance = b.from - a.from;
      if (distance > a.len) break;
      const harmful = distance === 0n
        ? a.len !== b.len && (rules.insertion === "heapsort" || a.len === 0n || b.len === 0n)
        : distance + b.len <= a.len;
      if (harmful) return false;
    }
    return true;
  });
}

function wraps(range: IoRange): boolean {
  return range.len < 0 || addressOf(range) + BigInt(range.len) >= 1n << 64n;
}
