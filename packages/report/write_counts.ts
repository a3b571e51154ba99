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
  const byPath = noWrites();
  for (const row of report.doorbells) {
    const counts = rowCounts(row, release, allZero);
    for (const path of writePaths) byPath[path] += counts[path];
  }
  const { mmio, pio } = report.omitted.outcomes;
  byPath["mmio-kernel"] += mmio.ioeventfd + mmio.coalesced + mmio.inKernel;
  byPath["mmio-userspace"] += mmio.userspace;
  byPath["pio-kernel"] += pio.ioeventfd + pio.coalesced + pio.inKernel;
  byPath["pio-userspace"] += pio.userspace;
  return { byPath };
}

/**
 * The writes to one place by the path they would take on a host with EPT.
 *
 * @param row The place, as recorded or as it would have been
 * @param release Kernel of that world
 * @param allZero Whether doorbells have length 0 in that world
 */
export function rowCounts(
  row: DoorbellReport,
  release: KernelRelease,
  allZero: boolean = false,
): Record<WritePath, number> {
  const { bus, signals, coalesced, inKernel, userspace } = row;
  const counts = noWrites();
  const inKernelPath = bus === "pio" ? "pio-kernel" : "mmio-kernel";
  counts[isFast(row, release, allZero) ? "fast-mmio" : inKernelPath] += signals;
  counts[inKernelPath] += coalesced + inKernel;
  counts[bus === "pio" ? "pio-userspace" : "mmio-userspace"] += userspace;
  return counts;
}

function noWrites(): Record<WritePath, number> {
  return Object.fromEntries(writePaths.map((path) => [path, 0])) as Record<WritePath, number>;
}

/**
 * Whether a doorbell's signals take the fast MMIO path on a host with EPT.
 *
 * @param row The place
 * @param release Kernel of that world
 * @param allZero Whether doorbells have length 0 in that world
 */
export function isFast(
  { bus, len, registration }: DoorbellReport,
  release: KernelRelease,
  allZero: boolean = false,
): boolean {
  return release.x86.fastMmio && bus === "mmio" && registration !== "none" &&
    (allZero || len === 0);
}

/**
 * Modelled cycles of counted writes.
 *
 * @param byPath Writes by path
 * @param costs What one write costs on each
 */
export function cyclesOf(byPath: Readonly<Record<WritePath, number>>, costs: PathCosts): number {
  return writePaths.reduce((sum, path) => sum + byPath[path] * costs[path].cycles, 0);
}
