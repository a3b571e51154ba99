/**
 * What a call is refused with.
 *
 * @module
 */
import { KvmError } from "./kvm_error.ts";

/**
 * Makes a call that the kernel may refuse. Other errors go on.
 *
 * @param call The call
 * @returns What it is refused with, or null when it is not
 *
 * @example Which errno, if any
 * ```ts
 * import { KvmError, refusalOf } from "@ioeventfd/uapi";
 *
 * const refused = refusalOf(() => {
 *   throw new KvmError("EEXIST", { check: "collision", detail: "addr 0x1000 is taken" });
 * });
 * if (refused?.code !== "EEXIST" || refusalOf(() => 0) !== null) throw new Error("one of two is refused");
 * ```
 */
export function refusalOf(call: () => unknown): KvmError | null {
  try {
    call();
    return null;
  } catch (error) {
    if (error instanceof KvmError) return error;
    throw error;
  }
}
