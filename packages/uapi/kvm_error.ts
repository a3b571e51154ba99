/**
 * The error of a refused system call, with the check that refused.
 *
 * @module
 */
import { errnoNumber } from "./errno.ts";
import type { ErrnoName } from "./errno.ts";

/** What refused, for people: which check, and for a collision with which registration and by which clause. */
export interface KvmErrorReason {
  /** Name of the check, e.g. `length`, `wrap`, `flags`, `zero-length`, `fd`, `collision`, `bus-full`. */
  readonly check: string;
  /** One sentence with every number in hex. */
  readonly detail: string;
  /** The registration collided with. */
  readonly collidesWith?: RegistrationView;
  /** The clause of the collision rule that matched. */
  readonly clause?: "existing-zero-length" | "new-zero-length" | "wildcard" | "datamatch";
}

/** A registration as the kernel keeps it. */
export interface RegistrationView {
  /** Bus it is on. */
  readonly bus: "mmio" | "pio" | "ccw";
  /** Guest physical address, port or subchannel id. */
  readonly addr: bigint;
  /** Access length in bytes: 0 (any), 1, 2, 4 or 8. */
  readonly len: number;
  /** 64-bit value compared, or null for a wildcard. */
  readonly datamatch: bigint | null;
  /** Position among the registrations made, from 0. */
  readonly sequence: number;
}

/**
 * A system call or ioctl that Linux refuses.
 *
 * @example
 * ```ts
 * import { KvmError } from "@ioeventfd/uapi";
 *
 * const error = new KvmError("EEXIST", { check: "collision", detail: "addr 0x1000 is taken" });
 * if (error.errno !== 17) throw new Error("EEXIST is 17");
 * ```
 */
export class KvmError extends Error {
  /** Class name. */
  override readonly name!: string;
  /** Errno name, as Node spells `code`. */
  readonly code!: ErrnoName;
  /** Positive errno number of Linux x86. */
  readonly errno!: number;
  /** The check that refused. */
  readonly reason!: KvmErrorReason;

  /**
   * An error with the message `CODE: detail`.
   *
   * @param code Errno name
   * @param reason The check that refused
   */
  constructor(code: ErrnoName, reason: KvmErrorReason) {
    const message = `${code}: ${reason.detail}`;
    if (!isTracing) return untraced(message, code, reason);
    super(message);
    this.name = "KvmError";
    this.code = code;
    this.errno = errnoNumber(code);
    this.reason = reason;
  }
}

let isTracing = true;

/**
 * Runs something of whose refusals only the errno is wanted: a {@linkcode KvmError} made in it has no stack trace, which
 * is most of what making one costs.
 *
 * @param call What to run; when it returns, errors have traces again
 * @returns What it returned
 *
 * @example
 * ```ts
 * import { KvmError, withoutTraces } from "@ioeventfd/uapi";
 *
 * const error = withoutTraces(() => new KvmError("EINVAL", { check: "length", detail: "Length 0x3" }));
 * if (!(error instanceof Error) || error.stack !== undefined) throw new Error("an error without a trace");
 * ```
 */
export function withoutTraces<T>(call: () => T): T {
  const outer = isTracing;
  isTracing = false;
  try {
    return call();
  } finally {
    isTracing = outer;
  }
}

/** What `new KvmError` makes, but for the trace. */
function untraced(message: string, code: ErrnoName, reason: KvmErrorReason): KvmError {
  const errno = errnoNumber(code);
  return Object.assign(Object.create(KvmError.prototype), {
    message,
    name: "KvmError",
    code,
    errno,
    reason,
  });
}
