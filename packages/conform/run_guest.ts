/**
 * Vectors of machine code: kind `guest`.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { KvmBackend, Regs } from "@ioeventfd/uapi";
import { playGuest } from "./play_guest.ts";
import type { PlayOptions } from "./play_options.ts";
import type { GuestExit, GuestObservation, GuestVector } from "./vector.ts";
import { Comparison, type Difference, skipped } from "./vector_result.ts";
import type { VectorResult } from "./vector_result.ts";

/** How a guest vector is run. */
export interface RunGuestOptions extends PlayOptions {
  /** Tags of instructions that the backend's CPU does not decode, to be skipped. */
  readonly undecoded?: ReadonlySet<string>;
}

/**
 * Runs a `guest` vector.
 *
 * @param backend Model or live kernel; one without a CPU skips it
 * @param vector Code, registrations, and what Linux did
 * @param options What to leave out, and how to end
 * @returns Passed, failed, or skipped with the reason
 */
export function runGuest(
  backend: KvmBackend,
  vector: GuestVector,
  options: RunGuestOptions = {},
): VectorResult {
  if (options.undecoded?.has(vector.tag)) return skipped(vector, `${vector.tag} is not decoded`);
  const observed = playGuest(backend, vector, options);
  if (observed === null) return skipped(vector, "no CPU in this backend");
  const comparison = new Comparison();
  compare(comparison, vector, observed);
  return comparison.result(vector);
}

/**
 * What differs between two plays of a guest.
 *
 * @param expected What should have happened
 * @param actual What did
 * @returns Every difference, the first of the exits
 */
export function guestDifferences(
  expected: GuestObservation,
  actual: Required<GuestObservation>,
): readonly Difference[] {
  const comparison = new Comparison();
  compare(comparison, expected, actual);
  return comparison.differences;
}

function compare(
  comparison: Comparison,
  expected: GuestObservation,
  actual: Required<GuestObservation>,
): void {
  expected.registrations.forEach(({ errno }, i) => {
    const other = actual.registrations[i]?.errno;
    comparison.same(`errno of registration ${i}`, String(errno), String(other));
  });
  comparison.sequence("exit", expected.exits.map(showExit), actual.exits.map(showExit));
  comparison.same("end", expected.end, actual.end);
  comparison.same("fault", String(expected.fault), String(actual.fault));
  if (expected.regs !== undefined) {
    for (const name of Object.keys(expected.regs) as (keyof Regs)[]) {
      comparison.same(name, hex(expected.regs[name]), hex(actual.regs[name]));
    }
  }
  expected.counters.forEach((counter, i) => {
    const other = actual.counters[i];
    const shown = other === undefined ? "no such eventfd" : String(other);
    comparison.same(`counter ${i}`, String(counter), shown);
  });
}

function showExit(exit: GuestExit): string {
  if (exit.reason === "other") return exit.name;
  const data = exit.data === null ? "" : ` ${exit.data}`;
  if (exit.reason === "mmio") return `${access("mmio", exit.addr, exit.len, exit.write)}${data}`;
  return `${access("io", BigInt(exit.port), exit.size, exit.write)} x${exit.count}${data}`;
}

function access(space: string, addr: bigint, len: number, write: boolean): string {
  return `${space} ${write ? "write" : "read"} ${hex(addr)} len ${len}`;
}
