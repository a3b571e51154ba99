import { hex } from "@ioeventfd/uapi";
import type { ExportEvent } from "./export_event.ts";

/** An event of the Chrome JSON format; times are microseconds. */
export type TraceEvent = Readonly<Record<string, unknown>>;

/** Nanoseconds that something takes which the recording gives one time for. */
const shortNs = 500;
/** Kicks of an eventfd that wait for its read; beyond, the oldest have no flow. */
const mostWaiting = 256;

/** What a thread has begun: it ends with its next event. */
interface Begun {
  readonly at: ExportEvent;
  readonly name: string;
  readonly category: string;
  /** It lasts until the next event, rather than a moment. */
  readonly lasts: boolean;
}

interface Counter {
  readonly name: string;
  count: bigint;
  waiting: ExportEvent[];
}

/** Turns events in order of time into tracks, counters and flows. */
export class TraceTracks {
  readonly #emit: (event: TraceEvent) => void;
  readonly #threads = new Set<string>();
  readonly #vcpus = new Set<string>();
  readonly #begun = new Map<string, Begun>();
  /** Since when KVM handles an exit of the guest. */
  readonly #inHost = new Map<string, ExportEvent>();
  readonly #counters = new Map<string, Counter>();
  #flows = 0;

  constructor(emit: (event: TraceEvent) => void) {
    this.#emit = emit;
  }

  take(event: ExportEvent): void {
    const key = `${event.process}/${event.thread}`;
    this.#introduce(event, key);
    this.#finish(key, event);
    switch (event.event) {
      case "write":
        return this.#write(event, key);
      case "read":
      case "unsatisfied-read":
        return void this.#begin(event, key, `${event.event} ${place(event)}`, "read");
      case "exit":
        return void this.#begin(event, key, event.detail ?? "exit", "userspace");
      case "guest-exit":
        return void this.#inHost.set(key, event);
      case "guest-entry":
        return this.#entered(event, key);
      case "eventfd-read":
      case "eventfd-write":
        return this.#transfer(event);
      case "lost":
        return this.#instant(event, `${event.count} events lost`, "g");
      case "call":
        return this.#instant(event, event.detail ?? "call", "t", { ret: event.ret });
    }
  }

  /** What is still open ends. */
  end(): void {
    for (const key of [...this.#begun.keys()]) this.#finish(key, null);
  }

  #write(event: ExportEvent, key: string): void {
    const kick = event.outcome === "ioeventfd";
    const name = `${kick ? "kick" : "write"} ${place(event)}`;
    this.#begin(event, key, name, event.outcome ?? "write", event.outcome === "userspace");
    if (!kick || event.fd === null) return;
    const counter = this.#counterOf(event.process, event.fd, place(event));
    counter.count++;
    counter.waiting.push(event);
    if (counter.waiting.length > mostWaiting) counter.waiting.shift();
    this.#count(event, counter);
  }

  #begin(event: ExportEvent, key: string, name: string, category: string, lasts = false): void {
    this.#begun.set(key, { at: event, name, category, lasts });
  }

  /** The next event of a thread ends what it had begun. */
  #finish(key: string, next: ExportEvent | null): void {
    const begun = this.#begun.get(key);
    if (begun === undefined) return;
    this.#begun.delete(key);
    const { at, name, category } = begun;
    const left = next === null ? Infinity : next.timeNs - at.timeNs;
    const lasts = begun.lasts && next?.event === "exit" ||
      category === "userspace" && next?.event === "guest-entry";
    const ns = lasts ? left : Math.min(left, shortNs);
    this.#slice(at, name, category, Math.max(ns, 1), argsOf(at));
  }

  #entered(event: ExportEvent, key: string): void {
    const since = this.#inHost.get(key);
    this.#inHost.delete(key);
    if (since === undefined) return;
    this.#slice(since, "exit of the guest", "kvm", Math.max(event.timeNs - since.timeNs, 1), {});
  }

  #transfer(event: ExportEvent): void {
    const reads = event.event === "eventfd-read";
    this.#slice(event, `${reads ? "read" : "write"} eventfd ${event.fd}`, "eventfd", shortNs, {
      value: event.value === null ? null : String(event.value),
      ret: event.ret,
    });
    if (event.fd === null || (event.ret ?? 0) < 0) return;
    const counter = this.#counterOf(event.process, event.fd, null);
    const value = event.value ?? 0n;
    if (!reads) counter.count += value;
    else {
      counter.count = counter.count > value ? counter.count - value : 0n;
      for (const kick of counter.waiting) this.#flow(kick, event, counter.name);
      counter.waiting = [];
    }
    this.#count(event, counter);
  }

  #flow(from: ExportEvent, to: ExportEvent, name: string): void {
    const id = ++this.#flows;
    const common = { name, cat: "kick", id };
    this.#emit({ ...common, ph: "s", ...whereOf(from), ts: micros(from.timeNs) });
    this.#emit({ ...common, ph: "f", bp: "e", ...whereOf(to), ts: micros(to.timeNs) });
  }

  #counterOf(process: number, fd: number, address: string | null): Counter {
    const key = `${process}/${fd}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      const at = address === null ? "" : ` at ${address}`;
      counter = { name: `eventfd ${fd}${at}`, count: 0n, waiting: [] };
      this.#counters.set(key, counter);
    }
    return counter;
  }

  #count(event: ExportEvent, { name, count }: Counter): void {
    const args = { count: Number(count) };
    this.#emit({ name, ph: "C", pid: whereOf(event).pid, ts: micros(event.timeNs), args });
  }

  #slice(event: ExportEvent, name: string, cat: string, ns: number, args: object): void {
    const dur = ns / 1000;
    this.#emit({ name, cat, ph: "X", ...whereOf(event), ts: micros(event.timeNs), dur, args });
  }

  #instant(event: ExportEvent, name: string, s: "g" | "t", args: object = {}): void {
    const ts = micros(event.timeNs);
    this.#emit({ name, cat: event.event, ph: "i", s, ...whereOf(event), ts, args });
  }

  /** Names a thread when it is first seen, and again when it shows itself to be a vCPU. */
  #introduce(event: ExportEvent, key: string): void {
    const { pid, tid } = whereOf(event);
    if (event.thread >= 0 && !this.#threads.has(key)) {
      this.#threads.add(key);
      this.#name("process_name", pid, tid, event.comm);
      this.#name("thread_name", pid, tid, event.comm);
    }
    if (event.vm === null || this.#vcpus.has(key)) return;
    this.#vcpus.add(key);
    this.#name("thread_name", pid, tid, `vCPU of ${event.vm}`);
  }

  #name(name: string, pid: number, tid: number, value: string): void {
    this.#emit({ name, ph: "M", pid, tid, args: { name: value } });
  }
}

function whereOf({ process, thread }: ExportEvent): { readonly pid: number; readonly tid: number } {
  const tid = Math.max(thread, 0);
  return { pid: process < 0 ? tid : process, tid };
}

function micros(ns: number): number {
  return ns / 1000;
}

function place({ addr }: ExportEvent): string {
  return hex(addr ?? 0n);
}

function argsOf({ line, bus, len, value, outcome, registration, name }: ExportEvent): object {
  return {
    line,
    ...(bus === null ? {} : { bus }),
    ...(len === null ? {} : { len }),
    ...(value === null ? {} : { value: hex(value) }),
    ...(outcome === null ? {} : { outcome }),
    ...(registration === null ? {} : { registration }),
    ...(name === null ? {} : { name }),
  };
}
