// What a process that played live cases has open, for scripts that say it before, during and after.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LiveBackend, type ProcessFootprint, processFootprint } from "@ioeventfd/kvm-live";

/** While one of each is open: the counts are worth nothing if they cannot rise. */
export function footprintOfOne(): ProcessFootprint {
  using system = new LiveBackend().open();
  system.createVm().createVcpu(0);
  system.eventfd(0, 0);
  return processFootprint();
}

/** What a heap that was used keeps. */
const USUAL_GROWTH = 16 * 2 ** 20;
/** Where other processes have the CPUs, the thread that frees may have to wait for them. */
const PATIENCE_MS = 10_000;

/**
 * When no more memory comes back: buffers that were collected are freed by another thread, a little later.
 *
 * @param before What was open at first: while far more is, it looks on for a while
 */
export async function settledFootprint(before?: ProcessFootprint): Promise<ProcessFootprint> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const usual = (before?.writableBytes ?? Infinity) + USUAL_GROWTH;
  const end = performance.now() + PATIENCE_MS;
  let footprint = processFootprint();
  for (let unchanged = 0; unchanged < 5;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
    const next = processFootprint();
    const isSettled = next.writableBytes >= footprint.writableBytes &&
      (next.writableBytes <= usual || performance.now() > end);
    unchanged = isSettled ? unchanged + 1 : 0;
    footprint = next;
  }
  return footprint;
}
