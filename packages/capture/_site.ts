/**
 * Where the guest writes: an address, a bus and an access length.
 *
 * @module
 */
import { type Doorbell, Tally } from "./_doorbell.ts";
import type { NearMiss } from "./_near_miss.ts";

const keptLines = 8;
const keptValues = 8;

/** How often a value was written, with and without an exit. */
export interface ValueCount {
  /** Low word. */
  readonly lo: number;
  /** High word. */
  readonly hi: number;
  /** Times without an exit. */
  kernel: number;
  /** Times with one. */
  userspace: number;
}

/** One address, bus and length. */
export class Site {
  /** Bus. */
  readonly bus: number;
  /** Address, low word. */
  readonly lo: number;
  /** High word. */
  readonly hi: number;
  /** Access length in bytes. */
  readonly len: number;
  /** Index of the in-kernel device that may be here, or -1. */
  readonly device: number;
  /** Writes that no registration matched, as recorded. */
  readonly recorded: Tally = new Tally();
  /** The same writes in the other world. */
  readonly imagined: Tally = new Tally();
  /** Writes without an exit though nothing in the model answers. */
  strays = 0;
  /** Lines of the first strays. */
  readonly strayLines: number[] = [];
  /** Values while it is unknown what is here. */
  values: ValueCount[] | null = null;
  /** More different values than are kept. */
  manyValues = false;
  /** Registrations that can match here, as of `epoch`. */
  doorbells: readonly Doorbell[] = [];
  /** What a write that matches none of them almost matches, as of `epoch`. */
  nearMiss: NearMiss | null = null;
  /** Near misses there were. */
  readonly nearMisses: NearMiss[] = [];
  /** Version of the VM's registrations the above belong to. */
  epoch = -1;

  /** @param bus Bus @param lo Low word @param hi High word @param len Bytes @param device Device index or -1 */
  constructor(bus: number, lo: number, hi: number, len: number, device: number) {
    this.bus = bus;
    this.lo = lo;
    this.hi = hi;
    this.len = len;
    this.device = device;
  }

  /** The registration a value matches. */
  match(valueLo: number, valueHi: number): Doorbell | null {
    const doorbells = this.doorbells;
    for (let i = 0; i < doorbells.length; i++) {
      if (doorbells[i]!.matchesValue(valueLo, valueHi)) return doorbells[i]!;
    }
    return null;
  }

  /** What writes almost match from now on. */
  almost(miss: NearMiss | null): void {
    const same = (one: NearMiss): boolean =>
      one.doorbell === miss?.doorbell && one.kind === miss.kind;
    this.nearMiss = miss === null ? null : this.nearMisses.find(same) ?? miss;
  }

  /** A write that no registration matches exited. */
  missed(line: number): void {
    const miss = this.nearMiss;
    if (miss === null) return;
    if (miss.writes++ === 0) {
      miss.line = line;
      this.nearMisses.push(miss);
    }
  }

  /** A write did not exit, and nothing in the model answers. */
  stray(line: number): void {
    this.strays++;
    if (this.strayLines.length < keptLines) this.strayLines.push(line);
  }

  /** A set-up call that was in flight explains that stray. */
  notStray(line: number): void {
    this.strays--;
    const at = this.strayLines.indexOf(line);
    if (at >= 0) this.strayLines.splice(at, 1);
  }

  /** Remembers a value where it may tell a datamatch. */
  note(lo: number, hi: number, exited: boolean): void {
    const values = this.values ??= [];
    let value = values.find((one) => one.lo === lo && one.hi === hi);
    if (value === undefined) {
      if (values.length === keptValues) {
        this.manyValues = true;
        return;
      }
      value = { lo, hi, kernel: 0, userspace: 0 };
      values.push(value);
    }
    if (exited) value.userspace++;
    else value.kernel++;
  }
}
