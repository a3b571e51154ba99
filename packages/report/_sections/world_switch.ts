/**
 * The switch from what was to what would be.
 *
 * @module
 */
import { counted, cycles, share } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import { cyclesOf, writeCounts } from "../write_counts.ts";
import type { RecordingContext } from "./recording_context.ts";

/** A switch, and what it makes of the recording. */
export function worldSwitch(context: RecordingContext): Html {
  const { id, study } = context;
  return markup`
    <div class="switch">
      <button type="button" role="switch" aria-checked="false"
        data-world="${id}"><span class="knob"
    aria-hidden="true"></span> What if every doorbell had length 0?</button>
      <p role="status"><span class="was">As recorded, on Linux ${study.recordedOn.name}.</span><span
    class="would">${zeroText(context)}</span></p>
    </div>
  `;
}

/** What length 0 would do, in a sentence or two. */
export function zeroText({ study, costs }: RecordingContext): string {
  const { recorded, zeroLength, recordedOn } = study;
  const whatIf = zeroLength.whatIf!;
  const before = cyclesOf(writeCounts(recorded, recordedOn).byPath, costs);
  const after = cyclesOf(writeCounts(zeroLength, recordedOn, true).byPath, costs);
  const change = before - after;
  const refused = whatIf.refused.filter(({ removedUnused }) => !removedUnused).length;
  const probes = whatIf.refused.length - refused;
  return [
    `With length 0: ${counted(whatIf.fastSignals, "signal")} by the fast path, `,
    `${counted(whatIf.exitsSaved, "exit")} to userspace saved, `,
    `${counted(whatIf.exitsAdded, "exit")} added; `,
    change === 0
      ? `no change in ${cycles(before)} modelled cycles.`
      : `${cycles(before)} modelled cycles become ${cycles(after)} (${change > 0 ? "−" : "+"}${
        share(Math.abs(change), before)
      }).`,
    refused === 0
      ? ""
      : ` ${
        counted(refused, "registration")
      } would be refused, as length 0 excludes every other at its address.`,
    probes === 0
      ? ""
      : ` ${
        counted(probes, "probe")
      } would be refused, each taken away before the guest wrote again: no write would miss it.`,
  ].join("");
}
