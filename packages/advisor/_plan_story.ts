import { hex, splitWords } from "@ioeventfd/uapi";
import { bytesText } from "./_describe.ts";
import { followSearch } from "./_follow_search.ts";
import type { PlanWrite } from "./_plan_lane.ts";
import { rangeOf } from "./_range_of.ts";
import type { SetModel } from "./_set_model.ts";

/**
 * How the search of the bus loses a write for which there is a registration; null where there is none.
 *
 * @param label Names a step of the model
 */
export function lossStory(
  model: SetModel,
  write: PlanWrite,
  label: (step: number) => string,
): string | null {
  const range = rangeOf(write), value = splitWords(write.value);
  const { lo, hi, len } = range;
  const entries = model.entries(write.bus);
  const target = entries.findIndex((entry) =>
    entry.device.wouldWrite?.(lo, hi, len, value.lo, value.hi) ?? false
  );
  if (target < 0) return null;
  const name = (at: number): string => label(model.stepOf(entries[at]!));
  const end = followSearch(model.release.bus, entries, range, target);
  const search = `the search of a write of ${bytesText(len)} to ${hex(write.addr)}`;
  switch (end.kind) {
    case "turned":
      return `${search} turns away ${end.above ? "above" : "below"} ${name(end.at)} ` +
        `and does not come to ${name(target)}, which is in force`;
    case "parted":
      return `${search} lands on ${name(end.landed)} and its scan stops at ${name(end.at)}, ` +
        `before it comes to ${name(target)}, which is in force`;
    case "reached":
      return `${search} is answered by a device before it comes to ${name(target)}`;
  }
}
