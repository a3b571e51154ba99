/**
 * Recording: the questions of a vector, and what a backend answers to them.
 *
 * @module
 */
import type { KvmBackend } from "@ioeventfd/uapi";
import { playGuest } from "./play_guest.ts";
import { playHistory } from "./play_history.ts";
import type { PlayOptions } from "./play_options.ts";
import { observeBus } from "./run_bus.ts";
import { observeCollide, observeRegister } from "./run_registrations.ts";
import type { Vector, VectorOrigin } from "./vector.ts";

/** A vector with a backend's own answers, or why there is none. */
export type Observation =
  | { readonly vector: Vector; readonly reason?: undefined }
  | { readonly vector: null; readonly reason: string };

/**
 * Asks a backend what a vector asks, and puts its answers in place of the vector's.
 *
 * @param backend Model or live kernel
 * @param vector Any vector; only what it asks counts
 * @param options How to end
 * @returns A vector that this backend passes, or why there is none
 *
 * @example
 * ```ts
 * import { observeVector, parseVector } from "@ioeventfd/conform";
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * const asked = parseVector(
 *   '{"id":"a","kind":"register","op":{"addr":"0x510","len":3,"flags":2,"datamatch":"0x0","fd":"eventfd"},"errno":null}',
 * );
 * const { vector } = observeVector(new CoreBackend(), asked);
 * if (vector?.kind !== "register" || vector.errno !== "EINVAL") throw new Error("length 3 is refused");
 * ```
 */
export function observeVector(
  backend: KvmBackend,
  vector: Vector,
  options: PlayOptions = {},
): Observation {
  return observe(backend, withoutOrigin(vector), options);
}

/** The question alone: these answers are nobody else's. */
function withoutOrigin<T extends Vector>(vector: T): T {
  const copy = { ...vector };
  for (const name of ["release", "provenance", "source"] satisfies (keyof VectorOrigin)[]) {
    Reflect.deleteProperty(copy, name);
  }
  return copy;
}

function observe(backend: KvmBackend, vector: Vector, options: PlayOptions): Observation {
  switch (vector.kind) {
    case "register": {
      const observed = observeRegister(backend, vector, options);
      if (observed !== null) return { vector: observed };
      return { vector: null, reason: `no descriptor "${vector.op.fd}"` };
    }
    case "collide": {
      const { first, errno } = observeCollide(backend, vector, options);
      if (first === null) return { vector: { ...vector, errno } };
      return { vector: null, reason: `the first registration was refused: ${first}` };
    }
    case "bus":
      return { vector: observeBus(backend, vector, options) };
    case "guest": {
      const observed = playGuest(backend, vector, options);
      if (observed === null) return { vector: null, reason: "no CPU in this backend" };
      return { vector: { ...vector, ...observed } };
    }
    case "history": {
      const ops = vector.steps.map(({ does }) => does);
      const gives = playHistory(backend, vector.vms, ops, options);
      const steps = ops.map((does, i) => ({ does, gives: gives[i]! }));
      return { vector: { ...vector, steps } };
    }
  }
}
