/**
 * How many writes went which way.
 *
 * @module
 */
import type { DoorbellReport, ReplayReport } from "@ioeventfd/capture";
import type { KernelRelease } from "@ioeventfd/uapi";
import { type PathCosts, type WritePath, writePaths } from "./path_costs.ts";

/** Writes of a replay by path. */
export interface WriteCounts {
  /** By path. */
  readonly byPath: Readonly<Record<WritePath, number>>;
  /** Writes to places that the replay does not list, whose path is not known. */
  readonly unlisted: number;
}

/**
 * Counts the writes of a replay by the path they would take on a host with EPT.
 *
 * @param report As recorded, or what would have been
 * @param release Kernel of that world
 * @param allZero Whether doorbells have length 0 in that world
 */
export function writeCounts(
  report: ReplayReport,
  release: KernelRelease,
  allZero: boolean = false,
): WriteCounts {
  const byPath = Object.fromEntries(writePaths.map((path) => [path, 0])) as Record<
    WritePath,
    number
  >;
  for (const row of report.doorbells) {
    const { bus, signals, coalesced, inKernel, userspace } = row;
    const memory = bus !== "pio";
    const fast = memory && isFast(row, release, allZero);
    byPath[fast ? "fast-mmio" : memory ? "mmio-kernel" : "pio-kernel"] += signals;
    byPath[memory ? "mmio-kernel" : "pio-kernel"] += coalesced + inKernel;
    byPath[memory ? "mmio-userspace" : "pio-userspace"] += userspace;
  }
  return { byPath, unlisted: report.omitted.writes };
}

/** Whether a doorbell's signals take the fast MMIO path on a host with EPT. */
export function isFast(
  { bus, len, registration }: DoorbellReport,
  release: KernelRelease,
  allZero: boolean = false,
): boolean {
  return release.x86.fastMmio && bus === "mmio" && registration !== "none" &&
    (allZero || len === 0);
}

/** Modelled cycles of counted writes. */
export function cyclesOf({ byPath }: WriteCounts, costs: PathCosts): number {
  return writePaths.reduce((sum, path) => sum + byPath[path] * costs[path].cycles, 0);
}
