/**
 * What happened on a stage, in order, for reports and for failed expectations.
 *
 * @module
 */
import { ExpectationError } from "./expectation_error.ts";
import type { ReportRow } from "./report_table.ts";

const shownAround = 12;

/** Lines of what happened, and of what the scenario wants said. */
export class EventLog {
  /** What the scenario wants said, in order. */
  readonly notes: string[] = [];
  /** Rows of the tables that the scenario reports. */
  readonly rows: ReportRow[] = [];
  /** Expectations that held. */
  held: number = 0;
  /** Expectations about work, on a kernel that counts none. */
  notCounted: number = 0;
  readonly #recent: string[] = [];

  /** Remembers something that happened, for the expectation that may fail after it. */
  happened(line: string): void {
    this.#recent.push(line);
    if (this.#recent.length > 4 * shownAround) this.#recent.splice(0, 2 * shownAround);
  }

  /** The last things that happened, oldest first. */
  recent(): string[] {
    return this.#recent.slice(-shownAround);
  }

  /** Puts a line into the report. */
  note(line: string): void {
    this.notes.push(line);
    this.happened(line);
  }

  /**
   * An expectation.
   *
   * @param subject What it is about
   * @param expected What the scenario expects
   * @param actual What happened
   * @throws {ExpectationError} when they differ
   */
  compare(subject: string, expected: string, actual: string): void {
    if (expected !== actual) {
      throw new ExpectationError(subject, expected, actual, this.recent());
    }
    this.held++;
  }
}
