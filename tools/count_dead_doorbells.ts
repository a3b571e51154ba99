/**
 * Counts sets of registrations in which one is dead, by kind of set: the table of `docs/dead-doorbells.md`.
 *
 * @module
 */
import { CoreBackend } from "@ioeventfd/kvm-core";
import { SeededRandom } from "@ioeventfd/scenario";
import type { KvmBackend } from "@ioeventfd/uapi";

/** Offset from some address, and length. */
export type Range = readonly [offset: number, len: 0 | 1 | 2 | 4 | 8];

/** A kind of set. */
interface SetKind {
  /** In words. */
  readonly name: string;
  /** Registers from low to high addresses, shorter lengths first. */
  readonly ascending?: true;
  /** One range more, given those that there are. */
  next(random: SeededRandom, made: readonly Range[]): Range;
}

const lens = [1, 2, 4, 8] as const;
const A = 0xd000_0000, SIZE = 6;

/** Lets a set grow upwards: the next range begins `gap` bytes after the end of the last. */
function after(made: readonly Range[], gap: number): number {
  const [offset, len] = made.at(-1) ?? [0, 0];
  return made.length === 0 ? 0 : offset + len + gap;
}

/** Kinds of set, those said to be safe first. */
export const setKinds: readonly SetKind[] = [
  { name: "zero lengths alone, at any distance", next: (random) => [random.below(24), 0] },
  { name: "one length above 0, overlapping or not", next: (random) => [random.below(24), 4] },
  {
    name: "several lengths above 0, ranges that touch and do not overlap",
    next: (random, made) => [after(made, random.below(2)), random.pick(lens)],
  },
  {
    name: "zero and other lengths, at least a byte between them",
    next: (random, made) => [after(made, 1 + random.below(2)), random.pick([0, ...lens])],
  },
  {
    name: "zero lengths and length 4 that touch",
    ascending: true,
    next: (
      random,
      made,
    ) => [after(made, 0) + (made.at(-1)?.[1] === 0 ? 1 : 0), random.pick([0, 4])],
  },
  {
    name: "zero lengths and length 4 that touch",
    next: (
      random,
      made,
    ) => [after(made, 0) + (made.at(-1)?.[1] === 0 ? 1 : 0), random.pick([0, 4])],
  },
  {
    name: "several lengths above 0, overlapping",
    ascending: true,
    next: (random) => [random.below(8), random.pick(lens)],
  },
  {
    name: "several lengths above 0, overlapping",
    next: (random) => [random.below(8), random.pick(lens)],
  },
];

/** A set of a kind, in the order in which it is registered. */
function drawSet(kind: SetKind, random: SeededRandom): Range[] {
  const made: Range[] = [];
  while (made.length < SIZE) made.push(kind.next(random, made));
  const distinct = made.filter(([offset, len], i) =>
    !made.slice(0, i).some(([at, of]) => at === offset && (of === len || of === 0 || len === 0))
  );
  return kind.ascending
    ? distinct.sort(([a, x], [b, y]) => a - b || x - y)
    : random.shuffle(distinct);
}

/** Whether some registration of a set gets none of the stores that match it. */
function hasDead(set: readonly Range[], backend: KvmBackend): boolean {
  using kvm = backend.open();
  using vm = kvm.createVm();
  const fd = kvm.eventfd(0, 0);
  for (const [offset, len] of set) {
    vm.assignIoeventfd({ bus: "mmio", addr: BigInt(A + offset), match: { len }, fd });
  }
  return set.some(([offset, len]) => {
    return vm.guestWrite("mmio", BigInt(A + offset), len === 0 ? 4 : len, 0n) === "userspace";
  });
}

/** How many of `sets` random sets have a dead one. */
export function countDead(
  kind: SetKind,
  sets: number,
  seed: number,
  backend: KvmBackend = new CoreBackend(),
): number {
  const random = new SeededRandom(seed);
  let dead = 0;
  for (let i = 0; i < sets; i++) if (hasDead(drawSet(kind, random), backend)) dead++;
  return dead;
}

/** The table: a row a kind. */
export function deadTable(sets = 1000, seed = 1): string[][] {
  return setKinds.map((kind) => [
    kind.name,
    kind.ascending ? "ascending" : "any",
    String(countDead(kind, sets, seed)),
  ]);
}

if (import.meta.main) {
  for (const row of deadTable()) console.log(row.join(" | "));
}
