/**
 * One vector on one backend.
 *
 * @module
 */
import type { KvmBackend } from "@ioeventfd/uapi";
import { runBus } from "./run_bus.ts";
import { runGuest, type RunGuestOptions } from "./run_guest.ts";
import { runHistory } from "./run_history.ts";
import { runCollide, runRegister } from "./run_registrations.ts";
import type { Vector } from "./vector.ts";
import type { VectorResult } from "./vector_result.ts";

/** How vectors are run. */
export type RunVectorOptions = RunGuestOptions;

/**
 * Runs a vector and compares what happened with what Linux did.
 *
 * @param backend Model or live kernel
 * @param vector Parsed vector
 * @param options What to leave out
 * @returns Passed; failed, with each difference; or skipped, with the reason
 *
 * @example
 * ```ts
 * import { parseVector, runVector } from "@ioeventfd/conform";
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * const vector = parseVector(
 *   '{"id":"a","kind":"register","op":{"addr":"0x510","len":3,"flags":2,"datamatch":"0x0","fd":"eventfd"},"errno":"EINVAL"}',
 * );
 * const { outcome } = runVector(new CoreBackend(), vector);
 * if (outcome !== "passed") throw new Error("the model differs from Linux");
 * ```
 */
export function runVector(
  backend: KvmBackend,
  vector: Vector,
  options: RunVectorOptions = {},
): VectorResult {
  switch (vector.kind) {
    case "register":
      return runRegister(backend, vector, options);
    case "collide":
      return runCollide(backend, vector, options);
    case "bus":
      return runBus(backend, vector, options);
    case "guest":
      return runGuest(backend, vector, options);
    case "history":
      return runHistory(backend, vector, options);
  }
}
