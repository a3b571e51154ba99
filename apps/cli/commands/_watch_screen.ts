/**
 * The live doorbell table.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { textTable } from "@ioeventfd/capture/text-table";
import { hex } from "@ioeventfd/uapi";
import type { DoorbellReport, ReplaySoFar } from "@ioeventfd/capture";
import type { Style } from "../style.ts";

/** A state of the replay, and when it was that. */
export interface Moment {
  /** What it said. */
  readonly replay: ReplaySoFar;
  /** Milliseconds of some clock. */
  readonly ms: number;
}

/** What a screen is drawn with. */
export interface ScreenOptions {
  /** Name of the recording. */
  readonly name: string;
  /** An earlier state, to tell rates by; none for no rates. */
  readonly before?: Moment | undefined;
  /** Colours. */
  readonly style: Style;
  /** Lines there is room for. */
  readonly rows: number;
  /** Columns there are. */
  readonly columns: number;
}

/**
 * The screen as lines, cut to its size.
 *
 * @param now The state to show
 * @param options Name, rates, colours, size
 * @returns Lines
 */
export function watchScreen(now: Moment, options: ScreenOptions): string[] {
  const { style, rows, columns, before } = options;
  const { replay } = now;
  const counted = replay.doorbells.filter(({ writes }) => writes > 0);
  const rate = (row: DoorbellReport): number => rateOf(row, now, before);
  const bells = counted.filter(({ registration }) => registration === "registered")
    .toSorted((a, b) => rate(b) - rate(a) || b.writes - a.writes);
  const others = counted.filter(({ registration }) => registration !== "registered");
  const idle = replay.doorbells.length - counted.length;
  const room = Math.max(2, rows - 6);
  const shown = [...bells, ...others].slice(0, room);
  const table = textTable(titles, shown.map((row) => cells(row, rate(row))));
  const lines = [
    style.bold(options.name),
    watchLine(replay),
    "",
    ...table.map((line, i) =>
      i === 0
        ? style.bold(line)
        : shown[i - 1]!.registration === "registered"
        ? line
        : style.dim(line)
    ),
  ];
  if (shown.length === 0) lines.push(style.dim("no guest write yet"));
  const left = bells.length + others.length - shown.length;
  if (left > 0) lines.push(style.dim(`${grouped(left)} more places`));
  if (idle > 0) lines.push(style.dim(`${grouped(idle)} registrations without a write`));
  if (replay.contradictions > 0) {
    lines.push(style.red(`${grouped(replay.contradictions)} contradictions: see replay`));
  }
  return lines.map((line) => cut(line, columns));
}

/** `12.3 s: 12,345 events, 1,234 writes, 400 signals, 980 exits, 0 lost`. */
export function watchLine(replay: ReplaySoFar): string {
  const { events, writes, exits, lostEvents, durationNs, doorbells } = replay;
  const signals = doorbells.reduce((sum, row) => sum + row.signals, 0);
  return `${(durationNs / 1e9).toFixed(1)} s: ${grouped(events)} events, ${
    grouped(writes)
  } writes, ` +
    `${grouped(signals)} signals, ${grouped(exits.observed)} exits, ${grouped(lostEvents)} lost`;
}

const right = { align: "right" } as const;
const titles = [
  { title: "bus" },
  { title: "address" },
  { title: "length" },
  { title: "datamatch" },
  { title: "writes", ...right },
  { title: "per s", ...right },
  { title: "signals", ...right },
  { title: "coalesced", ...right },
  { title: "exited", ...right },
  { title: "name" },
];

function cells(row: DoorbellReport, rate: number): string[] {
  const { bus, addr, len, datamatch, writes, signals, coalesced, userspace, registration } = row;
  const registered = registration === "registered";
  return [
    bus,
    hex(addr),
    registered && len === 0 ? "any" : String(len ?? "?"),
    registered ? datamatch === null ? "any" : hex(datamatch) : "",
    grouped(writes),
    rate > 0 ? grouped(Math.round(rate)) : "",
    signals > 0 ? grouped(signals) : "",
    coalesced > 0 ? grouped(coalesced) : "",
    userspace > 0 ? grouped(userspace) : "",
    [row.name, registration === "inferred" ? "(inferred)" : null].filter(Boolean).join(" "),
  ];
}

function rateOf(row: DoorbellReport, now: Moment, before: Moment | undefined): number {
  if (before === undefined || now.ms <= before.ms) return 0;
  const old = before.replay.doorbells.find((one) => sameRow(one, row))?.writes ?? 0;
  return (row.writes - old) / ((now.ms - before.ms) / 1000);
}

function sameRow(a: DoorbellReport, b: DoorbellReport): boolean {
  return a.addr === b.addr && a.bus === b.bus && a.len === b.len && a.vm === b.vm &&
    a.datamatch === b.datamatch && a.registration === b.registration;
}

/** Cuts a line that may hold colours. */
function cut(line: string, columns: number): string {
  let width = 0;
  // deno-lint-ignore no-control-regex -- colours
  return line.replace(/(\x1b\[[0-9;]*m)|[^\x1b]/gu, (part, colour) => {
    if (colour !== undefined) return part;
    return ++width <= columns ? part : "";
  });
}
