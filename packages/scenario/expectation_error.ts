/**
 * An expectation of a scenario that did not hold.
 *
 * @module
 */

/** What was expected, what happened, and what happened around it. */
export class ExpectationError extends Error {
  /** Class name. */
  override readonly name: string = "ExpectationError";
  /** What the expectation is about. */
  readonly subject: string;
  /** What the scenario expected. */
  readonly expected: string;
  /** What happened. */
  readonly actual: string;
  /** The last things that happened on the stage, oldest first. */
  readonly around: readonly string[];

  /**
   * An error with the message `SUBJECT: expected …, got …`.
   *
   * @param subject What the expectation is about
   * @param expected What the scenario expected
   * @param actual What happened
   * @param around The last things that happened, oldest first
   */
  constructor(subject: string, expected: string, actual: string, around: readonly string[]) {
    super(`${subject}: expected ${expected}, got ${actual}`);
    this.subject = subject;
    this.expected = expected;
    this.actual = actual;
    this.around = around;
  }
}
