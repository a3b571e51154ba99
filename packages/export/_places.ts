import { joinWords } from "@ioeventfd/uapi";
import { replay } from "@ioeventfd/capture";
import type { DoorbellReport, ReplayedWrite, ReplayReport, WriteOutcome } from "@ioeventfd/capture";
import type { ExportOptions, RecordingOpener } from "./export_options.ts";

/** Where a write belongs in the doorbell table. */
export interface WritePlace {
  readonly vm: string;
  readonly registration: DoorbellReport["registration"];
  readonly doorbellLen: number | null;
  readonly datamatch: bigint | null;
  readonly name: string | null;
  readonly outcome: WriteOutcome;
}

/**
 * The doorbell table of a replay, by what a write shows: the end of a recording decides what was inferred, so writes
 * find their rows on a second pass.
 */
export class Places {
  readonly #rows = new Map<string, DoorbellReport[]>();
  /** Names of VMs in the order of their first write. */
  readonly #names: readonly string[];
  readonly #order = new Map<object, string>();

  private constructor(report: ReplayReport, names: readonly string[]) {
    this.#names = names;
    for (const row of report.doorbells) {
      for (const vm of row.vm.split(", ")) {
        const key = keyOf(vm, row.registration, row.bus, row.addr);
        const rows = this.#rows.get(key);
        if (rows === undefined) this.#rows.set(key, [row]);
        else rows.push(row);
      }
    }
  }

  /** Replays a recording for its table. */
  static async read(open: RecordingOpener, options: ExportOptions): Promise<Places> {
    const vms = new Set<{ readonly name: string }>();
    const report = await replay(await open(), { ...options, onWrite: ({ vm }) => vms.add(vm) });
    return new Places(report, [...vms].map((vm) => vm.name));
  }

  /** The row of a write. */
  of(write: ReplayedWrite): WritePlace {
    const { bus, len, registration, outcome } = write;
    const vm = this.#nameOf(write.vm);
    const addr = joinWords(write.lo, write.hi);
    if (registration !== null) {
      const datamatch = registration.wildcard
        ? null
        : joinWords(registration.datamatchLo, registration.datamatchHi);
      const row = this.#find(
        vm,
        "registered",
        bus,
        addr,
        (one) => one.len === registration.len && one.datamatch === datamatch,
      );
      return {
        vm: row?.vm ?? vm,
        registration: "registered",
        doorbellLen: registration.len,
        datamatch,
        name: row?.name ?? null,
        outcome,
      };
    }
    if (outcome === "in-kernel") {
      const value = joinWords(write.valueLo, write.valueHi);
      const row = this.#find(
        vm,
        "inferred",
        bus,
        addr,
        (one) =>
          (one.datamatch === null || one.datamatch === value) &&
          (one.lengths.includes(len) || one.len === len),
      );
      if (row !== undefined) {
        const { vm, len: doorbellLen, datamatch, name } = row;
        const registration = "inferred";
        return { vm, registration, doorbellLen, datamatch, name, outcome: "ioeventfd" };
      }
    }
    const row = this.#find(vm, "none", bus, addr, (one) => one.len === len);
    const coalesced = outcome === "in-kernel" && row?.inKernel === 0 && row.coalesced > 0;
    return {
      vm: row?.vm ?? vm,
      registration: "none",
      doorbellLen: len,
      datamatch: null,
      name: row?.name ?? null,
      outcome: coalesced ? "coalesced" : outcome,
    };
  }

  #find(
    vm: string,
    registration: DoorbellReport["registration"],
    bus: DoorbellReport["bus"],
    addr: bigint,
    fits: (row: DoorbellReport) => boolean,
  ): DoorbellReport | undefined {
    return this.#rows.get(keyOf(vm, registration, bus, addr))?.find(fits);
  }

  /** The name a VM has in the end: its first line may come late. */
  #nameOf(vm: ReplayedWrite["vm"]): string {
    let name = this.#order.get(vm);
    if (name === undefined) {
      name = this.#names[this.#order.size] ?? vm.name;
      this.#order.set(vm, name);
    }
    return name;
  }
}

function keyOf(vm: string, registration: string, bus: string, addr: bigint): string {
  return `${vm}|${registration}|${bus}|${addr}`;
}
