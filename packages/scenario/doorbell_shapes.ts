/**
 * The shapes that doorbells come in, to be compared.
 *
 * @module
 */
import type { KernelRelease } from "@ioeventfd/uapi";
import { type Doorbell, mmioDoorbell, pioDoorbell } from "./doorbell.ts";

/** One shape: how it is registered, and where the guest writes. */
export interface DoorbellShape {
  /** Name; kvm-unit-tests' where it has one. */
  readonly name: string;
  /** What it stands for. */
  readonly about: string;
  /** Registrations, each with an eventfd of its own. */
  readonly doorbells: readonly Doorbell[];
  /** Address space that the guest writes to. */
  readonly bus: "mmio" | "pio";
  /** Guest physical address or port. */
  readonly addr: number;
  /** The one byte that the guest writes. */
  readonly value: number;
  /** Rules changed for this shape alone. */
  readonly change?: (release: KernelRelease) => KernelRelease;
}

/** BARs of pci-testdev where QEMU puts them; test k is at the offset plus k. */
const memory = 0xfebf_e800, ports = 0xc080;
/** Values that pci-testdev writes: one that matches datamatch, one that a wildcard takes. */
const match = 0xfa, other = 0xce;

function shape(
  name: string,
  about: string,
  test: number,
  registered: (addr: bigint) => readonly Doorbell[],
  value: number = match,
): DoorbellShape {
  const bus = name.startsWith("portio") ? "pio" : "mmio";
  const addr = (bus === "pio" ? ports : memory) + test;
  return { name, about, doorbells: registered(BigInt(addr)), bus, addr, value };
}

/** pci-testdev's six, then zero length, the same without the fast bus hit, and what zero length replaced. */
export const doorbellShapes: readonly DoorbellShape[] = [
  shape("mmio-no-eventfd", "a store that nothing is registered for", 0, () => []),
  shape(
    "mmio-wildcard-eventfd",
    "length 1, any value",
    1,
    (addr) => [mmioDoorbell(addr, 1)],
    other,
  ),
  shape("mmio-datamatch-eventfd", "length 1, one value", 2, (addr) => [
    mmioDoorbell(addr, 1, BigInt(match)),
  ]),
  shape("portio-no-eventfd", "an OUT that nothing is registered for", 3, () => []),
  shape(
    "portio-wildcard-eventfd",
    "length 1, any value",
    4,
    (addr) => [pioDoorbell(addr, 1)],
    other,
  ),
  shape("portio-datamatch-eventfd", "length 1, one value", 5, (addr) => [
    pioDoorbell(addr, 1, BigInt(match)),
  ]),
  shape("mmio-zero-length-eventfd", "any length: the fast MMIO bus", 6, (addr) => [
    mmioDoorbell(addr),
  ]),
  {
    ...shape(
      "mmio-zero-length-slow",
      "any length, and the fast MMIO bus is not asked",
      7,
      (addr) => [
        mmioDoorbell(addr),
      ],
    ),
    change: (release) => ({ ...release, x86: { ...release.x86, fastMmio: false } }),
  },
  shape(
    "mmio-four-lengths",
    "lengths 1, 2, 4 and 8: any length before the commit",
    8,
    (addr) => ([1, 2, 4, 8] as const).map((len) => mmioDoorbell(addr, len)),
  ),
];
