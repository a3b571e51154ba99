/**
 * What one write costs on each path, from a run of the model.
 *
 * @module
 */
import { compareDoorbells } from "@ioeventfd/scenario";
import type { KernelRelease, Work, WorkName } from "@ioeventfd/scenario";
import { costTable } from "@ioeventfd/vmx-sim";

/** Ways a guest's write goes. */
export const writePaths = [
  "fast-mmio",
  "mmio-kernel",
  "mmio-userspace",
  "pio-kernel",
  "pio-userspace",
] as const;

/** One of {@linkcode writePaths}. */
export type WritePath = typeof writePaths[number];

/** One write on one path, after the first to its page. */
export interface PathCost {
  /** Counted: KVM's work by kind. */
  readonly work: Work;
  /** Modelled: cycles, by {@linkcode costGroups}. */
  readonly parts: readonly number[];
  /** Modelled: cycles, all together. */
  readonly cycles: number;
}

/** Kinds of work that are drawn as one part of a bar. */
export const costGroups: readonly { readonly name: string; readonly work: readonly WorkName[] }[] =
  [
    { name: "exit and entry", work: ["exits"] },
    { name: "dispatch and bus", work: ["kernelDispatches", "busCompares", "devicesTried"] },
    {
      name: "page walks",
      work: ["fetchPageTableReads", "dataPageTableReads", "faultPageTableReads", "eptReads"],
    },
    { name: "fetch, decode, emulate", work: ["bytesFetched", "decoded", "emulated"] },
    { name: "MMIO SPTE", work: ["spteInstalls"] },
    { name: "userspace", work: ["userspaceIo", "userspaceMmio", "userspaceOther"] },
  ];

/** What one write costs on each path. */
export type PathCosts = Readonly<Record<WritePath, PathCost>>;

/** Where each path is taken from; the fast one is the kernel's on a release without. */
const shapes: Readonly<Record<WritePath, string>> = {
  "fast-mmio": "mmio-zero-length-eventfd",
  "mmio-kernel": "mmio-wildcard-eventfd",
  "mmio-userspace": "mmio-no-eventfd",
  "pio-kernel": "portio-wildcard-eventfd",
  "pio-userspace": "portio-no-eventfd",
};

const kicks = 16;
const known = new WeakMap<KernelRelease, PathCosts>();

/**
 * Rings a doorbell on each path of the model, VMX with EPT, and counts; once for each release.
 *
 * @param release Kernel release
 *
 * @example
 * ```ts
 * import { pathCosts } from "@ioeventfd/report";
 * import { latestRelease } from "@ioeventfd/uapi";
 *
 * const costs = pathCosts(latestRelease);
 * if (costs["fast-mmio"].work.decoded !== 0) throw new Error("the fast path decodes nothing");
 * ```
 */
export function pathCosts(release: KernelRelease): PathCosts {
  const before = known.get(release);
  if (before !== undefined) return before;
  const { rows } = compareDoorbells({ release, iterations: kicks });
  const one = (path: WritePath): PathCost => {
    const { work, cycles } = rows.find(({ name }) => name === shapes[path])!;
    return { work, cycles, parts: costParts(work) };
  };
  const costs = Object.fromEntries(writePaths.map((path) => [path, one(path)])) as PathCosts;
  known.set(release, costs);
  return costs;
}

/** Modelled cycles of counted work, by {@linkcode costGroups}. */
export function costParts(work: Work): number[] {
  const cyclesOf = (name: WorkName): number =>
    costTable.find((cost) => cost.work === name)!.cycles * work[name];
  return costGroups.map((group) => group.work.reduce((sum, name) => sum + cyclesOf(name), 0));
}
