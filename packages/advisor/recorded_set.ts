/**
 * Sets of registrations out of a recording of a VMM.
 *
 * @module
 */
import { column, eventKind, EventQueue, readTrace, TraceParser } from "@ioeventfd/capture";
import type { TraceSource } from "@ioeventfd/capture";
import {
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT,
  KVM_CREATE_PIT2,
  KVM_CREATE_VM,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_MEM_READONLY,
} from "@ioeventfd/uapi";
import type { SetEntry } from "./registration_set.ts";

/** What one VM of a recording was told. */
export interface RecordedSet {
  /** Process id, -1 where the text does not give it. */
  readonly process: number;
  /** Descriptor of the VM in that process. */
  readonly vm: number;
  /** Steps that succeeded, in order. */
  readonly steps: readonly SetEntry[];
  /** Line of each step. */
  readonly lines: readonly number[];
  /** Time of each step, in nanoseconds since the first event of the recording. */
  readonly times: readonly number[];
  /** How many steps had been made when the guest ran, after each change of registrations, zones or devices. */
  readonly ranAfter: readonly number[];
}

interface Growing extends RecordedSet {
  readonly steps: SetEntry[];
  readonly lines: number[];
  readonly times: number[];
  readonly ranAfter: number[];
  /** Something changed since the guest last ran. */
  changed: boolean;
}

const slotBits = 0xffff;

/**
 * Collects the registrations of a recording, by VM. Other events tell when the guest ran.
 *
 * @param source Text of bpftrace or ftrace, gzip or plain
 * @returns One set for each VM that registered anything, in the order of their creation
 * @throws {CaptureError} for what is no recording
 */
export async function recordedSets(source: TraceSource): Promise<RecordedSet[]> {
  const collector = new Collector();
  const queue = new EventQueue((words, row, time) =>
    collector.take(words, row, time, pidOf(parser, words[row + column.thread]!))
  );
  const parser = new TraceParser((batch) => queue.push(batch));
  await readTrace(source, parser);
  queue.end();
  return collector.sets.filter((set) => set.steps.some((step) => step.kind === "assign"));
}

function pidOf(parser: TraceParser, thread: number): number {
  return parser.threads.threads[thread]?.pid ?? -1;
}

class Collector {
  readonly sets: Growing[] = [];
  readonly #current = new Map<string, Growing>();
  #last = -1;
  #now = 0;

  take(words: Int32Array, row: number, time: number, pid: number): void {
    // A second recording behind the first begins its clock anew: it counts on from where that ended.
    if (this.#last >= 0) this.#now += Math.max(time - this.#last, 0);
    this.#last = time;
    switch (words[row + column.kind]) {
      case eventKind.mmio:
      case eventKind.pio:
      case eventKind.fastMmio:
      case eventKind.userspaceExit:
        return this.#ran(pid);
      default:
        if (words[row + column.ret]! >= 0) this.#call(words, row, pid);
    }
  }

  #ran(pid: number): void {
    for (const set of this.#current.values()) {
      if (!set.changed || (pid !== -1 && set.process !== pid)) continue;
      set.ranAfter.push(set.steps.length);
      set.changed = false;
    }
  }

  #call(words: Int32Array, row: number, pid: number): void {
    const vm = words[row + column.a]!;
    const line = words[row + column.line]!;
    if (words[row + column.kind] === eventKind.ioctl) {
      const request = words[row + column.b]! >>> 0;
      if (request === KVM_CREATE_VM) this.#open(pid, words[row + column.ret]!);
      if (request === KVM_CREATE_IRQCHIP) this.#step(pid, vm, line, { kind: "irqchip" });
      if (request === KVM_CREATE_PIT || request === KVM_CREATE_PIT2) {
        this.#step(pid, vm, line, { kind: "pit" });
      }
      return;
    }
    const step = stepOf(words, row);
    if (step !== undefined) this.#step(pid, vm, line, step);
  }

  #open(process: number, vm: number): Growing {
    const set: Growing = {
      process,
      vm,
      steps: [],
      lines: [],
      times: [],
      ranAfter: [],
      changed: false,
    };
    this.sets.push(set);
    this.#current.set(`${process}/${vm}`, set);
    return set;
  }

  #step(process: number, vm: number, line: number, step: SetEntry): void {
    const set = this.#current.get(`${process}/${vm}`) ?? this.#open(process, vm);
    set.steps.push(step);
    set.lines.push(line);
    set.times.push(this.#now);
    if (step.kind !== "ram") set.changed = true;
  }
}

function stepOf(words: Int32Array, row: number): SetEntry | undefined {
  const at = (index: number): number => words[row + index]! >>> 0;
  const wide = (low: number, high: number): bigint => (BigInt(at(high)) << 32n) | BigInt(at(low));
  const addr = wide(column.addrLo, column.addrHi);
  switch (at(column.kind)) {
    case eventKind.ioeventfd: {
      const flags = at(column.c);
      const datamatch = wide(column.valueLo, column.valueHi);
      const registration = { addr, len: at(column.b), flags, datamatch };
      const kind = flags & KVM_IOEVENTFD_FLAG_DEASSIGN ? "deassign" : "assign";
      return { kind, registration, eventfd: String(at(column.d)) };
    }
    case eventKind.memoryRegion: {
      const slot = at(column.b);
      if (slot > slotBits) return undefined;
      const readonly = (at(column.c) & KVM_MEM_READONLY) !== 0;
      return { kind: "ram", slot, gpa: addr, size: wide(column.sizeLo, column.sizeHi), readonly };
    }
    case eventKind.createPit2:
      return { kind: "pit" };
    case eventKind.enableCap:
      return at(column.b) === KVM_CAP_SPLIT_IRQCHIP ? { kind: "split-irqchip" } : undefined;
    case eventKind.registerCoalesced:
      return { kind: "zone", addr, size: at(column.b), pio: at(column.c) === 1 };
    case eventKind.unregisterCoalesced:
      return { kind: "zone", addr, size: at(column.b), pio: at(column.c) === 1, remove: true };
    default:
      return undefined;
  }
}
