/**
 * What stands out in a recording: the page in a few lines.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import { counted, cycles, grouped, share } from "../_format.ts";
import { type Html, type HtmlPart, markup } from "../_html.ts";
import { cyclesOf, isFast, rowCounts, writeCounts } from "../write_counts.ts";
import type { RecordingContext } from "./recording_context.ts";
import { zeroText } from "./world_switch.ts";

/** How bad something is. */
type Weight = "bad" | "warn" | "good" | "info";

interface Item {
  readonly weight: Weight;
  readonly text: HtmlPart;
  /** Part of the page that says more. */
  readonly to?: string;
}

const marks: Readonly<Record<Weight, readonly [mark: string, word: string]>> = {
  bad: ["✕", "Wrong"],
  warn: ["!", "Look at"],
  good: ["✓", "Good"],
  info: ["·", "Note"],
};

/** The list. */
export function findings(context: RecordingContext): Html {
  const items = [
    ...judgement(context),
    ...losses(context),
    ...costs(context),
    ...remarks(context),
  ];
  return markup`
    <ul class="findings">${
    items.map(({ weight, text, to }) => {
      const [mark, word] = marks[weight];
      const more = to === undefined ? "" : markup`
        <a href="#${context.id}-${to}">More</a>
      `;
      return markup`
        <li class="${weight}"><span class="mark" aria-hidden="true">${mark}</span><span><b
        class="unseen">${word}: </b>${text}${more}</span></li>
      `;
    })
  }</ul>
  `;
}

function judgement({ study: { recorded } }: RecordingContext): Item[] {
  const { contradictionCount, exits, lostEvents, lostMarks, malformed } = recorded;
  const items: Item[] = [];
  if (contradictionCount > 0) {
    items.push({
      weight: "bad",
      text: `Recording and model contradict each other ${
        contradictionCount === 1 ? "once" : `${grouped(contradictionCount)} times`
      }.`,
      to: "contradictions",
    });
  }
  if (exits.unexplained > 0) {
    items.push({
      weight: "bad",
      text: `${counted(exits.unexplained, "exit")} to userspace ${
        exits.unexplained === 1 ? "has" : "have"
      } no cause in the recording.`,
      to: "contradictions",
    });
  }
  if (items.length === 0) {
    items.push({
      weight: "good",
      text: `${
        exits.explained === 0
          ? "There is no exit for I/O"
          : `Each of the ${counted(exits.explained, "exit")} for I/O has its cause in the recording`
      }, and nothing contradicts the model.`,
    });
  }
  if (lostEvents > 0 || lostMarks > 0) {
    items.push({
      weight: "warn",
      text: lostEvents > 0
        ? `The recorder lost ${counted(lostEvents, "event")}: counts are too low.`
        : `The recorder lost events ${counted(lostMarks, "time")}: counts are too low.`,
    });
  }
  if (malformed.count > 0) {
    items.push({
      weight: "warn",
      text: `${counted(malformed.count, "line")} of ${grouped(recorded.lines)} ${
        malformed.count === 1 ? "is" : "are"
      } no event, the first line ${malformed.lines[0] ?? "?"}.`,
    });
  }
  return items;
}

function losses({ study: { recorded, lost } }: RecordingContext): Item[] {
  const dead = lost.filter(({ finding }) => finding.verdict !== "ok").length;
  const partly = lost.length - dead;
  const misses = recorded.nearMisses.reduce((sum, { writes }) => sum + writes, 0);
  return [
    ...(dead === 0 ? [] : [{
      weight: "bad" as const,
      text: `${counted(dead, "registration")} never ${
        dead === 1 ? "fires" : "fire"
      }: every kick is lost on ${dead === 1 ? "it" : "them"}.`,
      to: "lost",
    }]),
    ...(partly === 0 ? [] : [{
      weight: "warn" as const,
      text: `${counted(partly, "registration")} ${
        partly === 1 ? "loses" : "lose"
      } some of the writes that match.`,
      to: "lost",
    }]),
    ...(misses === 0 ? [] : [{
      weight: "warn" as const,
      text: `${counted(misses, "write")} to userspace almost matched a registration.`,
      to: "misses",
    }]),
  ];
}

function costs(context: RecordingContext): Item[] {
  const { study, costs } = context;
  const { recorded, recordedOn, zeroLength } = study;
  const total = cyclesOf(writeCounts(recorded, recordedOn).byPath, costs);
  const rows = recorded.doorbells.map((row) => ({
    row,
    cost: cyclesOf(rowCounts(row, recordedOn), costs),
  }));
  const slowest = rows.filter(({ row }) => row.userspace > 0)
    .toSorted((a, b) => b.cost - a.cost)[0];
  const decoded = rows.filter(({ row }) =>
    row.signals > 0 && row.bus === "mmio" && !isFast(row, recordedOn)
  );
  const fast = rows.filter(({ row }) => row.signals > 0 && isFast(row, recordedOn));
  const signals = (list: typeof rows): number =>
    list.reduce((sum, { row }) => sum + row.signals, 0);
  const saves = zeroLength.whatIf!.fastSignals > signals(fast);
  return [
    ...(fast.length === 0 ? [] : [{
      weight: "good" as const,
      text: `${counted(signals(fast), "signal")} of ${
        counted(fast.length, "doorbell")
      } with length 0 take the fast path on a host with EPT.`,
    }]),
    ...(decoded.length === 0 ? [] : [{
      weight: saves ? "warn" as const : "info" as const,
      text: `${counted(signals(decoded), "signal")} of ${
        counted(decoded.length, "MMIO doorbell")
      } are decoded by KVM first, as their length is not 0.`,
      to: "doorbells",
    }]),
    ...(saves ? [{ weight: "info" as const, text: zeroText(context), to: "bill" }] : []),
    ...(slowest === undefined ? [] : [{
      weight: "info" as const,
      text: markup`The costliest place is ${slowest.row.bus} <code>${hex(slowest.row.addr)}</code>${
        slowest.row.name === null ? "" : ` (${slowest.row.name})`
      }: ${counted(slowest.row.userspace, "exit")} to userspace, ${share(slowest.cost, total)} of ${
        cycles(total)
      } modelled cycles.`,
      to: "doorbells",
    }]),
  ];
}

function remarks({ study: { recorded } }: RecordingContext): Item[] {
  const { inferred } = recorded;
  if (inferred.length === 0) return [];
  return [{
    weight: "info",
    text: `${counted(inferred.length, "thing")} no line says ${
      inferred.length === 1 ? "was" : "were"
    } concluded from what was seen.`,
    to: "inferred",
  }];
}
