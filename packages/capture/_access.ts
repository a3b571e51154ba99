/**
 * One write of the guest, from its line to what the lines after it show.
 *
 * @module
 */
import type { Doorbell } from "./_doorbell.ts";
import type { Site } from "./_site.ts";
import type { VmState } from "./_vm_state.ts";

/** An access without its methods. */
export type Seen = Readonly<Omit<Access, "set">>;

/** A write whose outcome is not known yet. Reused, so that a write allocates nothing. */
export class Access {
  /** Bus. */
  bus = 0;
  /** Address, low word. */
  lo = 0;
  /** High word. */
  hi = 0;
  /** Bytes. */
  len = 0;
  /** Value, low word, cut to `len`. */
  valueLo = 0;
  /** High word. */
  valueHi = 0;
  /** Line. */
  line = 0;
  /** Nanoseconds. */
  time = 0;
  /** Thread, by index. */
  thread = 0;
  /** The VM that was asked last, whose site it is. */
  vm: VmState | null = null;
  /** Where it goes. */
  site: Site | null = null;
  /** What it matches. */
  doorbell: Doorbell | null = null;
  /** Who takes it, one of `claim`. */
  claim = 0;
  /** Who takes it in the other world. */
  imagined = 0;
  /** Exits the model expects. */
  owed = 0;
  /** Exits that are possible: one for each 8 bytes. */
  most = 0;
  /** Wider than what goes on the bus at once, and part of what decides it is not in the recording. */
  loose = false;
  /** A coalesced zone would take it, but its ring is full. */
  ringFull = false;
  /** Exits seen. */
  seen = 0;
  /** Exits the model would expect if the timer had its speaker port; -1 while nobody asked. */
  withSpeaker = -1;
  /** The thread may run another VM. */
  unsure = false;

  /** Another write; the value is cut to its length. */
  set(bus: number, lo: number, hi: number, len: number, valueLo: number, valueHi: number): void {
    this.bus = bus;
    this.lo = lo;
    this.hi = hi;
    this.len = len;
    this.valueLo = len < 4 ? valueLo & ((1 << (len * 8)) - 1) : valueLo;
    this.valueHi = len <= 4 ? 0 : len < 8 ? valueHi & ((1 << ((len - 4) * 8)) - 1) : valueHi;
  }
}
