/**
 * Lines that are not events: comments, marks of lost events, the recorder's own words.
 *
 * @module
 */

/** What a line is that has no event. */
export type OtherLine =
  | { readonly what: "blank" | "remark" | "malformed" }
  | { readonly what: "lost"; readonly count: number; readonly cpu: number };

const blank: OtherLine = { what: "blank" };
const remark: OtherLine = { what: "remark" };
const malformed: OtherLine = { what: "malformed" };

const decoder = new TextDecoder("latin1");
const shown = 160;
const lost =
  /^(?:CPU:(\d+) )?\[?(?:LOST (?:(\d+) )?EVENTS|(\d+) EVENTS DROPPED|Lost (\d+) events)\b/i;
const remarks = [
  /^#/, // header of tracefs and perf
  /^Attach(?:ing|ed) \d+ probes?\b/, // bpftrace
  /^@\w*(?:\[.*\])?:/, // a map bpftrace prints at its end
  /^[0-9a-f]{4,16} \S.* \(.*\)$/, // a frame of a call stack, of perf script
  /^(?:version = \d+|cpus=\d+|CPU \d+ is empty|trace-cmd )/, // trace-cmd report
];

/**
 * Tells a line without an event apart.
 *
 * @param bytes Text @param from Start of the line @param to Its newline
 */
export function otherLine(bytes: Uint8Array, from: number, to: number): OtherLine {
  const line = decoder.decode(bytes.subarray(from, Math.min(to, from + shown))).trim();
  if (line === "") return to - from > shown ? malformed : blank;
  const match = lost.exec(line);
  if (match !== null) {
    const count = Number(match[2] ?? match[3] ?? match[4] ?? 0);
    return { what: "lost", count: Math.min(count, 0x7fff_ffff), cpu: Number(match[1] ?? -1) };
  }
  return remarks.some((pattern) => pattern.test(line)) ? remark : malformed;
}
