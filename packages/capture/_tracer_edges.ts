/**
 * The ends of a recording, where a tracer puts its probes in and takes them away one after another.
 *
 * @module
 */
import type { ExitCounts } from "./_counts.ts";
import type { Findings } from "./_findings.ts";
import type { VmState } from "./_vm_state.ts";

/** So long at most does it take. */
const mostNs = 1e9;

/** Exits without a cause before the first line of one kind, or since the last. */
interface Edge {
  /** Name of that kind. */
  readonly event: string;
  /** Such a line was there. */
  seen: boolean;
  /** Such an exit had no cause. */
  missed: boolean;
  /** Lines of the exits. */
  readonly lines: number[];
  /** Time of the first. */
  from: number;
}

/** Tells exits whose accesses were no longer recorded from exits that have no cause. */
export class TracerEdges {
  readonly #findings: Findings;
  readonly #exits: ExitCounts;
  readonly #ports: Edge = { event: "kvm_pio", seen: false, missed: false, lines: [], from: 0 };
  readonly #memory: Edge = { event: "kvm_mmio", seen: false, missed: false, lines: [], from: 0 };
  #now = 0;

  /** @param findings Where guesses go @param exits What is counted */
  constructor(findings: Findings, exits: ExitCounts) {
    this.#findings = findings;
    this.#exits = exits;
  }

  /** A kvm_pio line: ports are recorded. */
  portLine(): void {
    if (this.#ports.lines.length > 0 || !this.#ports.seen) this.#line(this.#ports);
  }

  /** A kvm_mmio line. */
  memoryLine(): void {
    if (this.#memory.lines.length > 0 || !this.#memory.seen) this.#line(this.#memory);
  }

  #line(edge: Edge): void {
    if (!edge.seen) this.#explain(edge, "before the first", "started");
    edge.seen = true;
    edge.lines.length = 0;
  }

  /** Time goes on. */
  at(time: number): void {
    this.#now = time;
  }

  /** An exit of a VM has no cause, as far as is known. A VM whose set-up is known began after the recording. */
  unexplained({ setupKnown }: VmState, line: number, memory: boolean): void {
    this.#exits.unexplained++;
    this.#findings.unexplained(line);
    const edge = memory ? this.#memory : this.#ports;
    edge.missed = true;
    if (!edge.seen && setupKnown) return;
    if (edge.lines.length === 0) edge.from = this.#now;
    if (this.#now - edge.from <= mostNs) edge.lines.push(line);
  }

  /** The recording ends. */
  finish(): void {
    for (const edge of [this.#ports, this.#memory]) {
      if (edge.seen) this.#explain(edge, "after the last", "stopped");
      else if (edge.missed) {
        this.#findings.infer(`no ${edge.event} line is in the recording: was the event recorded?`);
      }
    }
  }

  #explain({ event, lines, from }: Edge, when: string, what: string): void {
    const count = lines.length;
    if (count === 0 || this.#now - from > mostNs) return;
    this.#exits.unexplained -= count;
    this.#exits.explained += count;
    this.#findings.notUnexplained(lines);
    const exits = count === 1
      ? `the exit at line ${lines[0]} is of an access`
      : `${count} exits from line ${lines[0]} on are of accesses`;
    this.#findings.infer(`${exits} ${when} ${event} line: the tracer was being ${what}`);
  }
}
