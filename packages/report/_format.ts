/**
 * Numbers as people read them, in program and page: each function may use the others and nothing else of this module.
 *
 * @module
 */

/** `1,234,567`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** `1 write`, `2 writes`. */
export function counted(count: number, what: string, plural: string = `${what}s`): string {
  return `${grouped(count)} ${count === 1 ? what : plural}`;
}

/** `34 %`, one digit more below 10; `0 %` and `100 %` only when it is so. */
export function share(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  if (part === whole) return "100 %";
  const percent = 100 * part / whole;
  if (percent < 0.1) return "< 0.1 %";
  if (percent > 99.9) return "> 99.9 %";
  return `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

/** `1.25 ms` of nanoseconds. */
export function duration(ns: number): string {
  const size = Math.abs(ns);
  if (size === 0) return "0 s";
  if (size < 1e3) return `${significant(ns)} ns`;
  if (size < 1e6) return `${significant(ns / 1e3)} µs`;
  if (size < 1e9) return `${significant(ns / 1e6)} ms`;
  return `${significant(ns / 1e9)} s`;
}

/** Three digits, more where there are more before the point. */
export function significant(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, Math.min(20, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: digits });
}

/** `1.2 M` of cycles. */
export function cycles(value: number): string {
  if (Math.abs(value) >= 1e9) return `${significant(value / 1e9)} G`;
  if (Math.abs(value) >= 1e6) return `${significant(value / 1e6)} M`;
  return grouped(value);
}

/** A name, cut where it is longer than any that a kernel gives. */
export function short(name: string): string {
  return name.length <= 64 ? name : `${name.slice(0, 63)}…`;
}
