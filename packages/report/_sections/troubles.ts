/**
 * What is wrong: kicks lost, near misses, contradictions, and what was concluded.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { NearMissReport } from "@ioeventfd/capture";
import { grouped } from "../_format.ts";
import { type Html, type HtmlPart, markup } from "../_html.ts";
import { table } from "../_page/table.ts";
import type { LostDoorbell } from "../study_recording.ts";
import { leftOut, place, type RecordingContext } from "./recording_context.ts";

/** Rows of these tables against those of the doorbells. */
const fraction = 2;

/** Registrations that lose writes. */
export function lostSection(context: RecordingContext): Html {
  const { id, study: { lost, recordedOn } } = context;
  const most = Math.ceil(context.mostRows / fraction);
  const intro = lost.length === 0
    ? markup`
      <p
        class="fine">Every registration in force while the guest ran gets every write that matches it.</p>
    `
    : markup`<p>Registrations that Linux ${recordedOn.name} accepted and that do not get all writes that match them,
because of what else is registered. No errno tells; <code>ioeventfd lint</code> finds an order that works.</p>`;
  return markup`
    <section id="${id}-lost">
    <h3>Lost kicks</h3>
    ${intro}${
    lost.length === 0 ? "" : table({
      caption: `Registrations of ${context.name} that lose writes`,
      isCaptionHidden: true,
      columns: [
        { title: "Registration" },
        { title: "Verdict" },
        { title: "Why", isProse: true },
        { title: "Since line", isNumeric: true },
        { title: "VM" },
      ],
      rows: lost.slice(0, most).map(({ vm, finding, line }) => ({
        cells: [
          registration(finding.registration),
          verdict(finding),
          finding.why,
          grouped(line),
          markup`<span class="whole">${vm}</span>`,
        ],
      })),
      kind: "prose",
    })
  }${leftOut(most, lost.length, "registrations", "lint")}
    </section>
  `;
}

function registration(
  { addr, len, flags, datamatch }: LostDoorbell["finding"]["registration"],
): Html {
  // KERNEL 6.19 include/uapi/linux/kvm.h KVM_IOEVENTFD_FLAG_DATAMATCH, KVM_IOEVENTFD_FLAG_PIO
  const bus = (flags & 2) === 0 ? "mmio" : "pio";
  return markup`${place({ bus, addr })}, length ${len === 0 ? "any" : len}${
    (flags & 1) === 0 ? "" : markup`, value <code>${hex(datamatch)}</code>`
  }`;
}

function verdict({ verdict, writes }: LostDoorbell["finding"]): HtmlPart {
  if (verdict === "dead") return markup`<b class="bad">dead</b>`;
  if (verdict === "never") return markup`<b class="bad">can never fire</b>`;
  return markup`<b class="warn">loses writes of ${writes.join(", ")} bytes</b>`;
}

/** Writes to userspace that a registration almost matched. */
export function missesSection(context: RecordingContext): Html {
  const { id, hasVms, study: { recorded: { nearMisses } } } = context;
  const most = Math.ceil(context.mostRows / fraction);
  const intro = nearMisses.length === 0
    ? markup`<p class="fine">No write to userspace was near a registration.</p>`
    : markup`<p>Writes that went to userspace, and a registration near by that they did not match.</p>`;
  return markup`
    <section id="${id}-misses">
    <h3>Near misses</h3>
    ${intro}${
    nearMisses.length === 0 ? "" : table({
      caption: `Near misses of ${context.name}`,
      isCaptionHidden: true,
      columns: [
        { title: "Write to" },
        { title: "Bytes", isNumeric: true },
        { title: "Writes", isNumeric: true, sorted: "descending" },
        { title: "What was wrong" },
        { title: "Registration" },
        { title: "First line", isNumeric: true },
        ...(hasVms ? [{ title: "VM" }] : []),
      ],
      rows: nearMisses.slice(0, most).map((miss) => ({
        cells: [
          { shown: place(miss), key: Number(miss.addr) },
          { shown: grouped(miss.len), key: miss.len },
          { shown: grouped(miss.writes), key: miss.writes },
          wrong(miss),
          markup`<code>${hex(miss.registration.addr)}</code>, length ${
            miss.registration.len === 0 ? "any" : miss.registration.len
          }, value ${
            miss.registration.datamatch === null
              ? "any"
              : markup`<code>${hex(miss.registration.datamatch)}</code>`
          }`,
          { shown: grouped(miss.line), key: miss.line },
          ...(hasVms ? [miss.vm] : []),
        ],
      })),
      isSortable: true,
      kind: "prose",
    })
  }${leftOut(most, nearMisses.length, "near misses")}
    </section>
  `;
}

function wrong({ kind, offset, len, registration }: NearMissReport): string {
  if (kind === "length") return `length ${len} rather than ${registration.len}`;
  if (kind === "data") return "another value";
  const bytes = Math.abs(offset);
  return `${bytes} ${bytes === 1 ? "byte" : "bytes"} ${offset < 0 ? "before" : "after"} it`;
}

/** Where recording and model disagree. */
export function contradictionsSection(context: RecordingContext): Html {
  const { id, study: { recorded } } = context;
  const { contradictions, contradictionCount, unexplainedLines, exits } = recorded;
  const most = Math.ceil(context.mostRows / fraction);
  const isFine = contradictionCount === 0 && exits.unexplained === 0;
  return markup`
    <section id="${id}-contradictions">
    <h3>Contradictions</h3>
    ${
    isFine
      ? markup`<p class="fine">Recording and model agree: every write went where the registrations say, and
every exit for I/O has an access that caused it.</p>`
      : ""
  }${
    contradictionCount === 0
      ? ""
      : markup`<p>Where recording and model disagree. Either the recording lacks something,
or the kernel that was recorded does not behave like Linux ${context.study.recordedOn.name}.</p>
${
        table({
          caption: `Contradictions of ${context.name}`,
          isCaptionHidden: true,
          columns: [{ title: "Line", isNumeric: true }, { title: "What", isProse: true }],
          rows: contradictions.slice(0, most).map(({ line, what }) => ({
            cells: [grouped(line), what],
          })),
          kind: "prose",
        })
      }${others(Math.min(most, contradictions.length), contradictionCount)}`
  }${
    exits.unexplained === 0
      ? ""
      : markup`<p><b class="bad">${grouped(exits.unexplained)}</b> exits for I/O have no
access that caused them: lines ${unexplainedLines.slice(0, 20).join(", ")}${
        exits.unexplained > 20 ? ", …" : ""
      }.</p>`
  }
    </section>
  `;
}

function others(shown: number, all: number): HtmlPart {
  if (shown >= all) return "";
  return markup`<p class="note">${grouped(shown)} of ${grouped(all)}; more of the same kind are
counted and not listed.</p>`;
}

/** What no line says. */
export function inferredSection(context: RecordingContext): Html {
  const { id, study: { recorded: { inferred } } } = context;
  if (inferred.length === 0) return markup``;
  const most = Math.ceil(context.mostRows / fraction);
  return markup`
    <section id="${id}-inferred">
    <h3>Concluded</h3>
    <p>What no line of the recording says, and what was seen tells all the same.</p>
    <ul class="plain">${inferred.slice(0, most).map((what) => markup`<li>${what}</li>`)}</ul>${
    leftOut(most, inferred.length, "conclusions")
  }
    </section>
  `;
}
