/**
 * Whether a KVM asks its fast MMIO bus, told by what it does.
 *
 * @module
 */
import type { KvmBackend } from "@ioeventfd/uapi";
import { guestLayout } from "./guest_machine.ts";
import { playGuest } from "./play_guest.ts";
import type { GuestSetup } from "./vector.ts";

const at = 0x44;

/**
 * A guest that rings two doorbells of zero length, next to each other, with one REP STOSB. The fast MMIO bus signals the
 * first and KVM skips the instruction; the emulator of the slow path does store after store.
 */
const guest: GuestSetup = {
  mode: "real16",
  insn: "mov [0x80], al; mov cx, 2; mov di, 0x44; rep stosb",
  tag: "rep-stos-x2",
  code: Uint8Array.of(0xa2, 0x80, 0, 0xb9, 2, 0, 0xbf, at, 0, 0xf3, 0xaa, 0xf4),
  esIsMmio: true,
  scratch: new Uint8Array(),
  mmioOffset: at,
  registrations: [0, 1].map((byte) => ({
    addr: BigInt(guestLayout.mmio + at + byte),
    len: 0,
    flags: 0,
    datamatch: 0n,
  })),
};

/**
 * Whether a guest's store gets to the fast MMIO bus: with Intel's extended page tables on a kernel from 3.15 on, without
 * `mmio_caching=0`. It is told by what a string instruction does there, so no permission and no clock is needed.
 *
 * @param backend Model or live kernel, with a CPU
 * @returns True or false; null when it cannot be told, for lack of a CPU or of zero length
 *
 * @example
 * ```ts
 * import { hasFastMmio } from "@ioeventfd/conform";
 * import { VmxBackend } from "@ioeventfd/vmx-sim";
 *
 * if (hasFastMmio(new VmxBackend({ paging: "ept" })) !== true) throw new Error("EPT has it");
 * if (hasFastMmio(new VmxBackend({ paging: "shadow" })) !== false) throw new Error("shadow paging has not");
 * ```
 */
export function hasFastMmio(backend: KvmBackend): boolean | null {
  const observed = playGuest(backend, guest);
  if (observed === null || observed.registrations[0]!.errno !== null) return null;
  const [first, second] = observed.counters;
  return first === 1n && second === 0n;
}
