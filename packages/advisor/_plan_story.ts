import { hex } from "@ioeventfd/uapi";
import { bytesText } from "./_describe.ts";
import { followSearch } from "./_follow_search.ts";
import type { PlanWrite } from "./_plan_lane.ts";
import type { SetModel } from "./_set_model.ts";

/**
 * How the search of the bus loses a write for which there is a registration; null where there is none.
 *
 * @param label Names a step of the model
 */
export function lossStory(
  model: SetModel,
  { bus, addr, len, value }: PlanWrite,
  label: (step: number) => string,
): string | null {
  const lo = Number(addr & 0xffff_ffffn), hi = Number(addr >> 32n);
  const vlo = Number(value & 0xffff_ffffn), vhi = Number(value >> 32n);
  const entries = model.entries(bus);
  const target = entries.findIndex((entry) =>
    entry.device.wouldWrite?.(lo, hi, len, vlo, vhi) ?? false
  );
  if (target < 0) return null;
  const name = (at: number): string => label(model.stepOf(entries[at]!));
  const end = followSearch(model.release.bus, entries, { lo, hi, len }, target);
  const write = `the search of a write of ${bytesText(len)} to ${hex(addr)}`;
  switch (end.kind) {
    case "turned":
      return `${write} turns away ${end.above ? "above" : "below"} ${name(end.at)} ` +
        `and does not come to ${name(target)}, which is in force`;
    case "parted":
      return `${write} lands on ${name(end.landed)} and its scan stops at ${name(end.at)}, ` +
        `before it comes to ${name(target)}, which is in force`;
    case "reached":
      return `${write} is answered by a device before it comes to ${name(target)}`;
  }
}
