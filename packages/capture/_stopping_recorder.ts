/**
 * The end of a recording, where a tracer takes its probes away one after another.
 *
 * @module
 */
import type { ExitCounts } from "./_counts.ts";
import type { Findings } from "./_findings.ts";

/** So long at most does it take. */
const mostNs = 1e9;

/** Exits without a cause since the last line of one kind. */
interface Tail {
  /** Name of that kind. */
  readonly event: string;
  /** Such a line was there. */
  seen: boolean;
  /** Lines of the exits. */
  readonly lines: number[];
  /** Time of the first. */
  from: number;
}

/** Tells exits whose accesses were no longer recorded from exits that have no cause. */
export class StoppingRecorder {
  readonly #findings: Findings;
  readonly #exits: ExitCounts;
  readonly #ports: Tail = { event: "kvm_pio", seen: false, lines: [], from: 0 };
  readonly #memory: Tail = { event: "kvm_mmio", seen: false, lines: [], from: 0 };
  #now = 0;

  /** @param findings Where guesses go @param exits What is counted */
  constructor(findings: Findings, exits: ExitCounts) {
    this.#findings = findings;
    this.#exits = exits;
  }

  /** A kvm_pio line: ports are still recorded. */
  portLine(): void {
    this.#ports.seen = true;
    if (this.#ports.lines.length > 0) this.#ports.lines.length = 0;
  }

  /** A kvm_mmio line. */
  memoryLine(): void {
    this.#memory.seen = true;
    if (this.#memory.lines.length > 0) this.#memory.lines.length = 0;
  }

  /** Time goes on. */
  at(time: number): void {
    this.#now = time;
  }

  /** An exit has no cause, as far as is known. */
  unexplained(line: number, memory: boolean): void {
    this.#exits.unexplained++;
    this.#findings.unexplained(line);
    const tail = memory ? this.#memory : this.#ports;
    if (tail.lines.length === 0) tail.from = this.#now;
    if (this.#now - tail.from <= mostNs) tail.lines.push(line);
  }

  /** The recording ends. */
  finish(): void {
    for (const { event, seen, lines, from } of [this.#ports, this.#memory]) {
      const count = lines.length;
      if (!seen || count === 0 || this.#now - from > mostNs) continue;
      this.#exits.unexplained -= count;
      this.#exits.explained += count;
      this.#findings.notUnexplained(lines);
      const exits = count === 1
        ? `the exit at line ${lines[0]} is of an access`
        : `${count} exits from line ${lines[0]} on are of accesses`;
      this.#findings.infer(
        `${exits} after the last ${event} line: the tracer was being stopped`,
      );
    }
  }
}
