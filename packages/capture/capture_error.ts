/**
 * The error of a recording that cannot be used.
 *
 * @module
 */

/**
 * A recording is empty, binary, truncated, or holds nothing that concerns KVM.
 *
 * @example
 * ```ts
 * import { CaptureError } from "@ioeventfd/capture";
 *
 * const error = new CaptureError("The recording is empty", 1);
 * if (error.line !== 1) throw new Error("line 1 expected");
 * ```
 */
export class CaptureError extends Error {
  /** Class name. */
  override readonly name: string = "CaptureError";
  /** Line it was seen at, from 1; 0 where lines do not apply. */
  readonly line: number;

  /**
   * An error at a line.
   *
   * @param message One sentence, no full stop
   * @param line Line it was seen at, from 1
   */
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}
