/**
 * One access on a bus of the VM, counted when somebody counts.
 *
 * @module
 */
import type { BusWork, IoBus } from "@ioeventfd/kvm-core";
import * as counters from "../work/work_counters.ts";
import type { WorkCounters } from "../work/work_counters.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { W_COMPARES, W_DEVICES, W_DISPATCHES } = counters;

const spent: BusWork = { comparisons: 0, devicesTried: 0 };

/** A write on a bus; 0 when claimed. */
export function busWrite(
  bus: IoBus,
  work: WorkCounters,
  lo: number,
  hi: number,
  len: number,
  valueLo: number,
  valueHi: number,
): number {
  if (!work.counting) return bus.write(lo, hi, len, valueLo, valueHi);
  spent.comparisons = spent.devicesTried = 0;
  const result = bus.writeCounted(lo, hi, len, valueLo, valueHi, spent);
  const current = work.current;
  // A miss on the fast bus, the only one asked with length 0, is a search and no more.
  if (result === 0 || len !== 0) current[W_DISPATCHES]!++;
  current[W_COMPARES]! += spent.comparisons;
  current[W_DEVICES]! += spent.devicesTried;
  return result;
}

/** A write on the fast bus, which has length 0; 0 when claimed. */
export function fastBusWrite(bus: IoBus, work: WorkCounters, lo: number, hi: number): number {
  return work.counting ? busWrite(bus, work, lo, hi, 0, 0, 0) : bus.write(lo, hi, 0, 0, 0);
}

/** A read on a bus into `out` from 0; 0 when claimed. */
export function busRead(
  bus: IoBus,
  work: WorkCounters,
  lo: number,
  hi: number,
  len: number,
  out: Uint8Array,
): number {
  work.current[W_DISPATCHES]!++;
  return bus.read(lo, hi, len, out);
}
