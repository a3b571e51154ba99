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

/** When no more memory comes back: buffers that were collected are freed by another thread, a little later. */
export async function settledFootprint(): Promise<ProcessFootprint> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  let footprint = processFootprint();
  for (let unchanged = 0; unchanged < 5;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
    const next = processFootprint();
    unchanged = next.writableBytes < footprint.writableBytes ? 0 : unchanged + 1;
    footprint = next;
  }
  return footprint;
}
