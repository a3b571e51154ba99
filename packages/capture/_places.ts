/**
 * The rows of the doorbell table.
 *
 * @module
 */
import { u64 } from "./_describe.ts";
import type { Doorbell, Tally } from "./_doorbell.ts";
import type { InferredDoorbell } from "./_infer.ts";
import type { Site } from "./_site.ts";
import { busName, type VmState } from "./_vm_state.ts";
import { portName } from "./port_names.ts";
import type { DoorbellReport } from "./replay_report.ts";

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
  readonly #addr: bigint;
  readonly #datamatch: bigint | null;
  readonly #lengths: readonly number[];
  readonly #vm: string;

  /** @param vm Name of the VM @param row What it is */
  constructor(
    vm: string,
    row: {
      readonly registration: DoorbellReport["registration"];
      readonly bus: number;
      readonly lo: number;
      readonly hi: number;
      readonly len: number | null;
      readonly datamatch: bigint | null;
      readonly lengths: readonly number[];
      readonly recorded: Tally;
      readonly imagined: Tally;
    },
  ) {
    this.bus = busName(row.bus);
    this.len = row.len;
    this.registration = row.registration;
    this.recorded = row.recorded;
    this.imagined = row.imagined;
    this.#addr = u64(row.lo, row.hi);
    this.#datamatch = row.datamatch;
    this.#lengths = row.lengths;
    this.#vm = vm;
  }

  /** The row as reported. */
  report(world: "recorded" | "imagined"): DoorbellReport {
    const { writes, signals, coalesced, inKernel, userspace } = this[world];
    const { count, first, last, min, max } = this.recorded.timing;
    return {
      bus: this.bus,
      addr: this.#addr,
      len: this.len,
      datamatch: this.#datamatch,
      registration: this.registration,
      vm: this.#vm,
      name: this.bus === "ccw" ? null : portName(this.bus, this.#addr) ?? null,
      writes,
      signals,
      coalesced,
      inKernel,
      userspace,
      lengths: this.#lengths,
      firstNs: count === 0 ? null : first,
      lastNs: count === 0 ? null : last,
      gapNs: count < 2 ? null : { mean: (last - first) / (count - 1), min, max },
    };
  }
}

/** The rows of a VM: its registrations, what was inferred, and the addresses that have neither. */
export function placesOf(vm: VmState, inferred: readonly InferredDoorbell[]): Place[] {
  return [
    ...[...vm.doorbells.values()].map((doorbell) => registered(vm, doorbell)),
    ...inferred.map((doorbell) => guessed(vm, doorbell)),
    ...vm.sites.all().filter((site) => site.recorded.writes > 0).map((site) => plain(vm, site)),
  ];
}

function registered(vm: VmState, { key, recorded, imagined }: Doorbell): Place {
  const datamatch = key.wildcard ? null : u64(key.datamatchLo, key.datamatchHi);
  return new Place(vm.name, {
    ...key,
    registration: "registered",
    datamatch,
    lengths: [],
    recorded,
    imagined,
  });
}

function guessed(vm: VmState, { datamatch, tally, ...rest }: InferredDoorbell): Place {
  return new Place(vm.name, {
    ...rest,
    registration: "inferred",
    datamatch: datamatch === null ? null : u64(datamatch.lo, datamatch.hi),
    recorded: tally,
    imagined: tally,
  });
}

function plain(vm: VmState, site: Site): Place {
  return new Place(vm.name, {
    registration: "none",
    bus: site.bus,
    lo: site.lo,
    hi: site.hi,
    len: site.len,
    datamatch: null,
    lengths: [],
    recorded: site.recorded,
    imagined: site.imagined,
  });
}
