/**
 * A whole kick: the guest's store, the exit, dispatch, signal, and the guest resumed. `fast` is a zero-length doorbell
 * on the fast MMIO bus, `slow` one of 4 bytes that KVM's emulator has to decode; each once on one doorbell and once on 64.
 *
 * `kick.ts CHUNKS KICKS`, a multiple of 64
 *
 * @module
 */
import { answer, type Sample, timeSamples } from "../sampling.ts";
import { DoorbellGuest, type GuestOptions } from "./doorbell_guest.ts";

interface Kicks extends Sample {
  readonly guest: DoorbellGuest;
}

const [chunks, kicks] = Deno.args.map(Number) as [number, number];
const samples = [
  ringing({ match: { len: 0 }, doorbells: 1 }, kicks),
  ringing({ match: { len: 4 }, doorbells: 1 }, kicks / 4),
  ringing({ match: { len: 0 }, doorbells: 64 }, kicks),
  ringing({ match: { len: 4 }, doorbells: 64 }, kicks / 4),
];
const [fastNs, slowNs, fastManyNs, slowManyNs] = timeSamples(chunks, samples);
for (const { guest, ops } of samples) {
  const counted = guest.takeCount();
  if (counted !== ops * chunks) throw new Error(`${counted} kicks were counted of ${ops * chunks}`);
}
answer({ fastNs, slowNs, fastManyNs, slowManyNs });

function ringing(options: GuestOptions, ops: number): Kicks {
  const guest = new DoorbellGuest(options);
  return {
    guest,
    ops,
    run: (ops) => guest.ring(ops),
    reset: () => void guest.takeCount(),
  };
}
