/**
 * The table of doorbells and of other places written to.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { DoorbellReport } from "@ioeventfd/capture";
import { counted, cycles, duration, grouped, share } from "../_format.ts";
import { type Html, type HtmlPart, markup } from "../_html.ts";
import { type KeyedCell, table, type TableColumn, type TableRow } from "../_page/table.ts";
import { cyclesOf, isFast, rowCounts } from "../write_counts.ts";
import { both, lengthText, place, type RecordingContext } from "./recording_context.ts";
import { worldSwitch } from "./world_switch.ts";

/** A place in both worlds. */
interface Pair {
  readonly was: DoorbellReport;
  readonly would: DoorbellReport;
  readonly wasCycles: number;
  readonly wouldCycles: number;
}

/** The section. */
export function doorbellsSection(context: RecordingContext): Html {
  const { id, study, mostRows } = context;
  const pairs = pairsOf(context);
  const shown = pairs.slice(0, mostRows);
  const { omitted } = study.recorded;
  const tableId = `${id}-doorbells-table`;
  const left = pairs.length - shown.length;
  return markup`
    <section id="${id}-doorbells">
    <h3>Doorbells</h3>
    <p>Every place the guest writes to, the costliest first. A doorbell, in bold, is a place with an ioeventfd; a write that
    nothing in the kernel takes exits to userspace, which is the slow way.</p>
    ${worldSwitch(context)}
    <form class="filter" data-table="${tableId}">
    <label>Search <input type="search" placeholder="address, name, length"></label>
    <label>Show <select>
    <option value="wrote">places written to</option>
    <option value="doorbell">doorbells</option>
    <option value="exited">what exits to userspace</option>
    <option value="changed">what length 0 changes</option>
    <option value=""${
    study.recorded.writes === 0 ? markup` selected` : ""
  }>all, registrations without a write too</option>
    </select></label>
    <output></output>
    </form>
    ${
    table({
      id: tableId,
      caption: `Places the guest of ${context.name} writes to`,
      isCaptionHidden: true,
      columns: columnsOf(),
      rows: shown.map((pair) => row(pair, context)),
      isSortable: true,
      kind: "doorbells",
    })
  }
    <p class="note">Signals, coalesced, in kernel and exited are counted in the recording. Way and cycles are modelled, for
    a host with EPT (<a href="#costs">the cost table</a>); they are not measured.${
    omitted.places +
          left === 0
      ? ""
      : ` Not in the table: ${counted(omitted.places + left, "place")} with ${
        counted(omitted.writes + writesOf(pairs.slice(mostRows)), "write")
      }.`
  }</p>
    </section>
  `;
}

function writesOf(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { was }) => sum + was.writes, 0);
}

function columnsOf(): TableColumn[] {
  const number = (title: string): TableColumn => ({ title, isNumeric: true });
  return [
    { title: "Place" },
    number("Writes"),
    number("Exited"),
    { ...number("Cycles"), sorted: "descending" },
    { title: "Way" },
    { title: "Length" },
    { title: "Value" },
    number("Signals"),
    number("Coalesced"),
    number("In kernel"),
    number("First"),
    number("Last"),
    number("Mean gap"),
  ];
}

function pairsOf({ study, costs }: RecordingContext): Pair[] {
  const { recorded, zeroLength, recordedOn } = study;
  const key = ({ bus, addr, len, datamatch, registration, vm }: DoorbellReport): string =>
    `${bus} ${addr} ${len} ${datamatch} ${registration} ${vm}`;
  const others = new Map(zeroLength.doorbells.map((row) => [key(row), row]));
  return recorded.doorbells.map((was): Pair => {
    const would = others.get(key(was)) ?? was;
    return {
      was,
      would,
      wasCycles: cyclesOf(rowCounts(was, recordedOn), costs),
      wouldCycles: cyclesOf(rowCounts(would, recordedOn, true), costs),
    };
  }).sort((a, b) => b.wasCycles - a.wasCycles);
}

function row({ was, would, wasCycles, wouldCycles }: Pair, context: RecordingContext): TableRow {
  const { study: { recorded, recordedOn }, hasVms } = context;
  const isDoorbell = was.registration !== "none";
  const ways = [
    way(was, isFast(was, recordedOn)),
    way(would, isFast(would, recordedOn, true)),
  ] as const;
  const number = (a: number, b: number, shown = grouped): KeyedCell => ({
    shown: a === 0 && b === 0 ? markup`<span class="none">0</span>` : both(shown(a), shown(b)),
    key: a,
    zero: b,
  });
  const time = (ns: number | null): KeyedCell => ({
    shown: ns === null ? markup`<span class="none">–</span>` : duration(ns),
    key: ns,
  });
  const since = (ns: number | null): number | null => ns === null ? null : ns - recorded.startNs;
  const exited = (of: DoorbellReport): string =>
    `${grouped(of.userspace)} (${share(of.userspace, of.writes)})`;
  const name = was.name ?? "";
  const under = [name, hasVms ? was.vm : ""].filter((text) => text !== "").join(", ");
  const isRegistered = was.registration === "registered";
  const lengths = isRegistered ? both(lengthText(was), "any") : lengthText(was);
  return {
    cells: [
      {
        shown: markup`${place(was)}${
          under === "" ? "" : markup`<span class="name">${under}</span>`
        }`,
        key: Number(was.addr),
      },
      number(was.writes, would.writes),
      {
        shown: was.userspace === 0 && would.userspace === 0
          ? markup`<span class="none">0</span>`
          : both(exited(was), exited(would)),
        key: was.userspace,
        zero: would.userspace,
      },
      number(wasCycles, wouldCycles, cycles),
      both(...ways),
      lengths,
      isRegistered && was.datamatch !== null ? both(hex(was.datamatch), "any") : valueOf(was),
      number(was.signals, would.signals),
      number(was.coalesced, would.coalesced),
      number(was.inKernel, would.inKernel),
      time(since(was.firstNs)),
      time(since(was.lastNs)),
      time(was.gapNs?.mean ?? null),
    ],
    kinds: [
      ...(isDoorbell ? ["doorbell"] : []),
      ...(was.writes > 0 || would.writes > 0 ? ["wrote"] : []),
      ...(was.userspace > 0 ? ["exited"] : []),
      ...(wasCycles !== wouldCycles || ways[0] !== ways[1] ? ["changed"] : []),
    ],
    text: `${was.bus} ${hex(was.addr)} ${name} length ${lengthText(was)} ${ways[0]} ${was.vm}`
      .toLowerCase(),
  };
}

function valueOf({ registration, datamatch }: DoorbellReport): HtmlPart {
  if (registration === "none") return markup`<span class="none">–</span>`;
  return datamatch === null ? "any" : markup`<code>${hex(datamatch)}</code>`;
}

/** Where writes go, in words; of a doorbell without a write, what it is. */
function way(row: DoorbellReport, fast: boolean): string {
  const { bus, signals, coalesced, inKernel, userspace, registration } = row;
  const ways = [
    ...(signals > 0 ? [fast ? "fast" : bus === "pio" ? "ioeventfd" : "ioeventfd, decoded"] : []),
    ...(coalesced > 0 ? ["coalesced"] : []),
    ...(inKernel > 0 ? ["in kernel"] : []),
    ...(userspace > 0 ? ["userspace"] : []),
  ];
  if (ways.length > 0) return ways.join(", ") + (registration === "inferred" ? " (inferred)" : "");
  return registration === "none" ? "–" : "no write";
}
