/**
 * The error of a host that has no KVM to run on.
 *
 * @module
 */

/** This process cannot use a KVM of this host; the message says what lacks. */
export class KvmUnavailableError extends Error {
  /** Class name. */
  override readonly name: string = "KvmUnavailableError";
}
