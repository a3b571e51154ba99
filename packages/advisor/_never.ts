import { busFromFlags, hex, KVM_IOEVENTFD_FLAG_DATAMATCH } from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";

const portEnd = 0x1_0000n;
const physicalEnd = 1n << 52n;
const pageSize = 0x1000n;

/**
 * Why no guest write can ever match a registration, whatever else is registered; null when one can.
 *
 * @param fastBus The host finds zero-length MMIO on the fast MMIO bus
 */
export function neverReason(
  registration: Registration,
  release: KernelRelease,
  fastBus: boolean,
): string | null {
  const { addr, len, flags, datamatch } = registration;
  const bus = busFromFlags(flags);
  if (bus === "ccw") return "x86 has no CCW bus to write to: only s390 guests notify there";
  if (len > 0 && len < 8 && flags & KVM_IOEVENTFD_FLAG_DATAMATCH && datamatch >> BigInt(8 * len)) {
    const bits = 8 * len;
    return `datamatch ${
      hex(datamatch)
    } is wider than len ${len}: a ${bits}-bit value is compared ` +
      `with all 64 bits of it`;
  }
  if (bus === "pio") {
    if (addr >= portEnd) return `port ${hex(addr)} does not exist: ports end at 0xffff`;
    if (len === 8) return "no OUT writes 8 bytes: ports take 1, 2 or 4";
    if (len === 1 && staysInGuest(registration, 1, release)) return stayReason(release);
  } else {
    if (addr >= physicalEnd) {
      return `${hex(addr)} is beyond the 52 bits of an x86 guest physical address`;
    }
    if ((addr % pageSize) + BigInt(len) > pageSize) {
      return `len ${len} at ${
        hex(addr)
      } goes past its page: such a store reaches the bus in two parts`;
    }
  }
  if (len === 0 && !release.bus.zeroLengthFindable && !(bus === "mmio" && fastBus)) {
    const fast = release.x86.fastMmio && bus === "mmio"
      ? "; only the fast MMIO bus does, on VMX with EPT, from the second write to the page on"
      : "";
    return `on ${release.name} the search finds no zero-length entry with a write that has a ` +
      `length${fast}`;
  }
  return null;
}

// KERNEL 4.4 arch/x86/kvm/vmx.c hardware_setup: of the I/O bitmaps one bit is clear
/** Whether a guest's OUT to the port of a registration does not leave the guest: one byte to port 0x80, up to 4.4. */
export function staysInGuest(
  { addr, flags }: Registration,
  len: number,
  release: KernelRelease,
): boolean {
  return release.x86.port80Bypass && len === 1 && addr === 0x80n && busFromFlags(flags) === "pio";
}

/** The same in words. */
export function stayReason(release: KernelRelease): string {
  return `on ${release.name} a guest's OUT of a byte to port 0x80 does not leave the guest`;
}
