/**
 * The rows of the doorbell table.
 *
 * @module
 */
import { busName, joinWords } from "@ioeventfd/uapi";
import { datamatchOf, type Tally } from "./_doorbell.ts";
import type { InferredDoorbell } from "./_infer.ts";
import type { VmState } from "./_vm_state.ts";
import { portName } from "./port_names.ts";
import type { DoorbellReport } from "./replay_report.ts";

/** What a row is made from. */
export interface PlaceRow {
  /** VM. */
  readonly vm: VmState;
  /** Name of its process or thread. */
  readonly comm: string;
  /** Where it comes from. */
  readonly registration: DoorbellReport["registration"];
  /** Bus. */
  readonly bus: number;
  /** Address, low word. */
  readonly lo: number;
  /** High word. */
  readonly hi: number;
  /** Bytes, null when unknown. */
  readonly len: number | null;
  /** Value compared, or null. */
  readonly datamatch: bigint | null;
  /** Access lengths seen, where `len` is null. */
  readonly lengths: readonly number[];
  /** As recorded. */
  readonly recorded: Tally;
  /** In the other world. */
  readonly imagined: Tally;
}

/** One row. */
export class Place {
  /** Bus. */
  readonly bus: DoorbellReport["bus"];
  /** Bytes of the registration, or of the access where there is none; null when unknown. */
  readonly len: number | null;
  /** Where it comes from. */
  readonly registration: DoorbellReport["registration"];
  /** As recorded. */
  readonly recorded: Tally;
  /** In the other world. */
  readonly imagined: Tally;
  /** VM it belongs to, for people. */
  vm: string;
  readonly #row: PlaceRow;

  /** @param row What it is */
  constructor(row: PlaceRow) {
    this.bus = busName(row.bus);
    this.len = row.len;
    this.registration = row.registration;
    this.recorded = row.recorded;
    this.imagined = row.imagined;
    this.vm = row.vm.name;
    this.#row = row;
  }

  /** Rows with the same key are of one place, as far as a text without processes can tell; null for a row of its own. */
  get mergeKey(): string | null {
    const { vm, comm, bus, lo, hi, len, datamatch, registration } = this.#row;
    if (vm.process.pid >= 0) return null;
    const name = comm.replace(/\d+/g, "#");
    return `${name} ${bus} ${lo} ${hi} ${len} ${datamatch} ${registration}`;
  }

  /** Its address in its VM, as a key. */
  get address(): string {
    return `${this.vm} ${this.#row.hi} ${this.#row.lo}`;
  }

  /** Its page in its VM, as a key. */
  get page(): string {
    return `${this.vm} ${this.#row.hi} ${this.#row.lo >>> 12}`;
  }

  /** Takes in a row of another thread. */
  merge(other: Place): void {
    if (!this.vm.includes(other.vm)) this.vm += `, ${other.vm}`;
    this.recorded.merge(other.recorded);
    if (this.imagined !== this.recorded) this.imagined.merge(other.imagined);
  }

  /** The row as reported. */
  report(world: "recorded" | "imagined"): DoorbellReport {
    const { writes, signals, coalesced, inKernel, userspace } = this[world];
    const { count, first, last, gaps, between, min, max } = this.recorded.timing;
    const addr = joinWords(this.#row.lo, this.#row.hi);
    return {
      bus: this.bus,
      addr,
      len: this.len,
      datamatch: this.#row.datamatch,
      registration: this.registration,
      vm: this.vm,
      name: this.bus === "ccw" ? null : portName(this.bus, addr) ?? null,
      writes,
      signals,
      coalesced,
      inKernel,
      userspace,
      lengths: this.#row.lengths,
      firstNs: count === 0 ? null : first,
      lastNs: count === 0 ? null : last,
      gapNs: gaps === 0 ? null : { mean: between / gaps, min, max },
    };
  }
}

/** The rows of a VM: its registrations, what was inferred, and the addresses that have neither. */
export function placesOf(
  vm: VmState,
  inferred: readonly InferredDoorbell[],
  comm: string,
): Place[] {
  const of = { vm, comm };
  return [
    ...[...vm.doorbells.values()].map(({ key, recorded, imagined }) => {
      const datamatch = datamatchOf(key);
      const registration = "registered";
      return new Place({ ...of, ...key, registration, datamatch, lengths: [], recorded, imagined });
    }),
    ...inferred.map(({ datamatch, tally, ...rest }) =>
      new Place({
        ...of,
        ...rest,
        registration: "inferred",
        datamatch: datamatch === null ? null : joinWords(datamatch.lo, datamatch.hi),
        recorded: tally,
        imagined: tally,
      })
    ),
    ...vm.sites.all().filter((site) => site.recorded.writes > 0)
      .map(({ bus, lo, hi, len, recorded, imagined }) => {
        const none = { registration: "none", datamatch: null, lengths: [] } as const;
        return new Place({ ...of, ...none, bus, lo, hi, len, recorded, imagined });
      }),
  ];
}

/**
 * Text that gives threads alone does not tell whose vCPUs they are: each was judged by itself, and what several of one
 * name do at one place is one row.
 */
export function mergeThreads(places: readonly Place[]): Place[] {
  const merged = new Map<string, Place>();
  return places.filter((place) => {
    const key = place.mergeKey;
    const first = key === null ? undefined : merged.get(key);
    if (key !== null && first === undefined) merged.set(key, place);
    first?.merge(place);
    return first === undefined;
  });
}

/** Places without a registration that are listed. */
const mostPlain = 512;

/** What a report lists: registrations first, then the busiest places without any; and what is left. */
export function listPlaces(
  places: readonly Place[],
): { readonly listed: readonly Place[]; readonly left: readonly Place[] } {
  const order = { registered: 0, inferred: 1, none: 2 };
  const sorted = places.toSorted((a, b) =>
    order[a.registration] - order[b.registration] ||
    (a.registration === "registered" ? 0 : b.recorded.writes - a.recorded.writes)
  );
  const plain = sorted.findIndex((place) => place.registration === "none");
  const end = plain < 0 ? sorted.length : plain + mostPlain;
  return { listed: sorted.slice(0, end), left: sorted.slice(end) };
}
