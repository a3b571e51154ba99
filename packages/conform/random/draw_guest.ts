/**
 * Random guests: a few instructions that write, read and compute at MMIO addresses and ports close to registrations.
 *
 * @module
 */
import { assemble } from "@ioeventfd/vmx-sim";
import { KVM_IOEVENTFD_FLAG_DATAMATCH, KVM_IOEVENTFD_FLAG_PIO } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import { guestLayout } from "../guest_machine.ts";
import type { GuestSetup } from "../vector.ts";
import type { GuestStep } from "./_guest_step.ts";
import { guestSteps } from "./_guest_steps.ts";
import type { Draw } from "./draw.ts";

export type { GuestStep } from "./_guest_step.ts";

/** A guest in parts, so that parts can be left out. */
export interface GuestDraft {
  /** CPU mode. */
  readonly mode: "real16" | "long0";
  /** ES lies at 0xd0000000 too (real mode). */
  readonly esIsMmio: boolean;
  /** Bytes at 0xa000. */
  readonly scratch: Uint8Array;
  /** Address that the answers to reads count from, minus 0xd0000000. */
  readonly mmioOffset: number;
  /** What it does. */
  readonly steps: readonly GuestStep[];
  /** Made in order before it runs. */
  readonly registrations: readonly Registration[];
}

const offsets: readonly number[] = [0x100, 0xff8, 0xff0, 0x1ffc, 0x8];
const ports: readonly number[] = [0x510, 0xc0, 0xfffc, 0x80, 0x3f6];
const portsBut80: readonly number[] = ports.filter((port) => port !== 0x80);
const values: readonly bigint[] = [
  0n,
  1n,
  0x5an,
  0xa5a5n,
  0x1122_3344n,
  0x1122_3344_5566_7788n,
  0x8877_6655_4433_2211n,
];

/** What a guest may contain. */
export interface GuestShape {
  /** Zero-length registrations in memory, which a fast MMIO bus answers otherwise. */
  readonly zeroLengthMmio: boolean;
  /** Port 0x80, which up to 4.4 does not exit where a CPU runs the guest. */
  readonly port80: boolean;
}

/**
 * Draws a guest.
 *
 * @param draw Where chance comes from
 * @param shape What it may contain
 * @returns The guest in parts
 */
export function drawGuest(draw: Draw, shape: GuestShape): GuestDraft {
  const long = draw.oneIn(2), esIsMmio = long || draw.oneIn(2);
  const start = draw.pick(offsets), first = draw.pick(shape.port80 ? ports : portsBut80);
  const place = {
    draw,
    long,
    esIsMmio,
    offset: () => start + draw.int(0, 12),
    port: () => Math.min(first + draw.int(0, 6), 0xffff),
    value: () => draw.pick(values),
  };
  const steps = Array.from({ length: draw.int(1, 6) }, () => draw.pick(guestSteps)(place));
  const registrations = Array.from({ length: draw.int(0, 6) }, (): Registration => {
    const pio = draw.oneIn(3);
    const drawn = draw.pick([0, 0, 1, 2, 4, 8]);
    const len = drawn === 0 && !pio && !shape.zeroLengthMmio ? 2 : drawn;
    const match = len !== 0 && draw.oneIn(3) ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0;
    return {
      addr: BigInt(pio ? place.port() : guestLayout.mmio + place.offset()),
      len,
      flags: (pio ? KVM_IOEVENTFD_FLAG_PIO : 0) | match,
      datamatch: BigInt.asUintN(draw.oneIn(8) ? 64 : len * 8, place.value()),
    };
  });
  const scratch = Uint8Array.from({ length: 64 }, () => draw.int(0, 255));
  const mode = long ? "long0" : "real16";
  return { mode, esIsMmio, scratch, mmioOffset: start, steps, registrations };
}

/**
 * Puts a guest together.
 *
 * @param draft The guest in parts
 * @returns Machine code with what it needs
 */
export function guestSetup(draft: GuestDraft): GuestSetup {
  const { mode, esIsMmio, scratch, mmioOffset, steps, registrations } = draft;
  const code = assemble({ mode: mode === "long0" ? "prot64" : "real", origin: 0x1000 }, (a) => {
    for (const step of steps) step.emit(a);
    a.hlt();
  });
  const insn = steps.map(({ text }) => text).join("; ");
  return { mode, insn, tag: "program", code, esIsMmio, scratch, mmioOffset, registrations };
}
