/**
 * Why a write ends where it ends.
 *
 * @module
 */
import { hex, joinWords, type RegistrationView } from "@ioeventfd/uapi";
import { addressNumber } from "./_range_cover.ts";
import type { IoBus } from "./io_bus.ts";
import type { BusEntry } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import type { SearchStep } from "./reference_bus.ts";

/** An entry of a bus, for people. */
export interface EntryView {
  /** Position in the kernel's array. */
  readonly index: number;
  /** First address (u64). */
  readonly addr: bigint;
  /** Bytes (s32). */
  readonly len: number;
  /** What it is, e.g. `ioeventfd 3`, `PIC`, `coalesced zone`. */
  readonly label: string;
  /** Its registration, of an ioeventfd. */
  readonly registration: RegistrationView | null;
}

/** A registration that a write almost matched. */
export interface NearMiss {
  /** The registration. */
  readonly registration: RegistrationView;
  /** The first thing that differs: where, how long, or what. */
  readonly differs: "address" | "length" | "datamatch";
  /** Bytes from the registration's address up to the write's. */
  readonly distance: number;
}

/** What becomes of a write on a bus. */
export interface WriteExplanation {
  /** An ioeventfd signals, another device takes it, or nobody does and it exits to userspace. */
  readonly outcome: "ioeventfd" | "device" | "missed";
  /** Who takes it. */
  readonly taker: EntryView | null;
  /** Who was asked before and passed it on, in order. */
  readonly passed: readonly EntryView[];
  /** The registration that the write matches by the rule, reached or not. */
  readonly matching: RegistrationView | null;
  /** An entry that would take the write, had the search reached it: the matching one, else another device. */
  readonly unreached: EntryView | null;
  /** The entry that keeps the search from it: it turns it away, stops it short, or takes the write. */
  readonly hiddenBy: EntryView | null;
  /** Registrations that it almost matched, the nearest first; none when one matches. */
  readonly nearMisses: readonly NearMiss[];
  /** One sentence. */
  readonly text: string;
}

/**
 * Explains a write without making it: nothing is signalled, no ring moves.
 *
 * @param bus The bus
 * @param lo Address, low word
 * @param hi Address, high word
 * @param len Bytes
 * @param vlo Value, low word
 * @param vhi Value, high word
 * @returns Who takes it, who hides whom, and what it almost matched
 *
 * @example Zero length at A+4, then length 4 at A: the first is dead
 * ```ts
 * import { CoreBackend, explainWrite } from "@ioeventfd/kvm-core";
 * import { KVM_PIO_BUS } from "@ioeventfd/uapi";
 *
 * using kvm = new CoreBackend().open();
 * using vm = kvm.createVm();
 * const fd = kvm.eventfd(0, 0);
 * vm.assignIoeventfd({ bus: "pio", addr: 0x604n, match: { len: 0 }, fd });
 * vm.assignIoeventfd({ bus: "pio", addr: 0x600n, match: { len: 4 }, fd });
 * const { outcome, matching, hiddenBy } = explainWrite(vm.bus(KVM_PIO_BUS), 0x604, 0, 4, 0, 0);
 * if (outcome !== "missed" || matching?.addr !== 0x604n) throw new Error("dead");
 * if (hiddenBy?.addr !== 0x600n) throw new Error("hidden by the other");
 * ```
 */
export function explainWrite(
  bus: IoBus,
  lo: number,
  hi: number,
  len: number,
  vlo: number,
  vhi: number,
): WriteExplanation {
  const entries = bus.entries();
  const { path, run } = bus.search(lo, hi, len);
  const would = (at: number): boolean =>
    entries[at]!.device.wouldWrite?.(lo, hi, len, vlo, vhi) ?? true;
  const takenAt = run.findIndex(would);
  const taker = takenAt < 0 ? -1 : run[takenAt]!;
  const match = bus.match(lo, hi, len, vlo, vhi);
  const target = match !== null
    ? entries.findIndex(({ device }) => device === match)
    : entries.findIndex((entry, at) =>
      !run.includes(at) && contains(entry, lo, hi, len) && would(at)
    );
  const isMissed = target >= 0 && target !== taker && (match !== null || taker < 0);
  const hider = isMissed ? hiderOf(path, run, target, taker) : -1;
  const view = (at: number): EntryView | null => at < 0 ? null : viewOf(entries[at]!, at);
  const explained = {
    taker: view(taker),
    passed: run.slice(0, takenAt < 0 ? run.length : takenAt).map((at) => view(at)!),
    matching: match?.view ?? null,
    unreached: isMissed ? view(target) : null,
    hiddenBy: view(hider),
    nearMisses: match === null ? nearMisses(bus, lo, hi, len) : [],
  };
  const outcome = taker < 0
    ? "missed"
    : entries[taker]!.device instanceof Ioeventfd
    ? "ioeventfd"
    : "device";
  return { outcome, ...explained, text: describe(explained) };
}

/** The entry that came between the search and its target. */
function hiderOf(
  path: readonly SearchStep[],
  run: readonly number[],
  target: number,
  taker: number,
): number {
  if (taker >= 0) return taker;
  const turn = path.find(({ index, order }) => order < 0 ? index <= target : index >= target);
  if (turn !== undefined && turn.order !== 0) return turn.index;
  // The search landed, and what is not equal stands between the run and the target.
  const first = run[0]!, last = run[run.length - 1]!;
  return target < first ? first - 1 : last + 1;
}

function nearMisses(bus: IoBus, lo: number, hi: number, len: number): NearMiss[] {
  const addr = addressNumber(lo, hi);
  const found: NearMiss[] = [];
  for (const ioeventfd of bus.ioeventfds()) {
    const distance = addr - addressNumber(ioeventfd.lo, ioeventfd.hi);
    if (Math.abs(distance) > 8) continue;
    const differs = distance !== 0 ? "address" : ioeventfd.len !== len ? "length" : "datamatch";
    found.push({ registration: ioeventfd.view, differs, distance });
  }
  return found.sort((a, b) =>
    Math.abs(a.distance) - Math.abs(b.distance) || rank(b) - rank(a) ||
    a.registration.sequence - b.registration.sequence
  );
}

/** The later in the match rule it fails, the nearer. */
function rank({ differs }: NearMiss): number {
  return ["address", "length", "datamatch"].indexOf(differs);
}

function viewOf({ lo, hi, len, device }: BusEntry, index: number): EntryView {
  const registration = device instanceof Ioeventfd ? device.view : null;
  return { index, addr: joinWords(lo, hi), len, label: device.label ?? "device", registration };
}

/** Whether an access lies in a range that is not empty; near 2^64 this is not exact. */
function contains(entry: BusEntry, lo: number, hi: number, len: number): boolean {
  const from = addressNumber(lo, hi) - addressNumber(entry.lo, entry.hi);
  return from >= 0 && from + len <= entry.len;
}

function describe(
  { taker, matching, unreached, hiddenBy, nearMisses }: Pick<
    WriteExplanation,
    "taker" | "matching" | "unreached" | "hiddenBy" | "nearMisses"
  >,
): string {
  const name = (entry: EntryView): string => `${entry.label} at ${hex(entry.addr)}`;
  if (unreached !== null && hiddenBy !== null) {
    const how = taker === null ? "the search never reaches it because of" : "it is taken before by";
    const what = matching === null ? "Lies in" : "Matches";
    return `${what} ${name(unreached)}, but ${how} ${name(hiddenBy)}`;
  }
  if (taker !== null) return `Taken by ${name(taker)}`;
  const [nearest] = nearMisses;
  if (nearest === undefined) return "Nothing is registered near it";
  return `No registration matches; ${nearest.registration.sequence} differs in ${nearest.differs}`;
}
