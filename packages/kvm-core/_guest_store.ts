import type { IoBus } from "./io_bus.ts";
import { type IrqchipMode, isLapicPage } from "./irqchip.ts";
import type { Memslots } from "./memslots.ts";

/** What a store needs of its VM. */
export interface GuestStores {
  readonly irqchipMode: IrqchipMode;
  readonly slots: Memslots;
}

// KERNEL 6.19 arch/x86/kvm/x86.c emulator_read_write: split at the page, both parts offered before any exit
/** Whether the kernel takes a store whole. */
export function storeToGuest(
  vm: GuestStores,
  bus: IoBus,
  lo: number,
  hi: number,
  len: number,
  vlo: number,
  vhi: number,
): boolean {
  const room = 0x1000 - (lo & 0xfff);
  if (len <= room) return storeInPage(vm, bus, lo, hi, len, vlo, vhi);
  const first = storeInPage(vm, bus, lo, hi, room, vlo, vhi);
  const next = (lo + room) | 0;
  const bits = room * 8;
  const restLo = bits < 32 ? vlo >>> bits | vhi << (32 - bits) : vhi >>> (bits - 32);
  const restHi = bits < 32 ? vhi >>> bits : 0;
  const second = storeInPage(vm, bus, next, next === 0 ? hi + 1 : hi, len - room, restLo, restHi);
  return first && second;
}

// KERNEL 6.19 arch/x86/kvm/x86.c vcpu_mmio_write: the local APIC, then the bus
function storeInPage(
  vm: GuestStores,
  bus: IoBus,
  lo: number,
  hi: number,
  len: number,
  vlo: number,
  vhi: number,
): boolean {
  const gpa = (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
  if (vm.irqchipMode !== "none" && isLapicPage(gpa)) return true;
  const slot = vm.slots.find(gpa);
  if (slot === null || slot.readonly) return bus.write(lo, hi, len, vlo, vhi) === 0;
  const { bytes } = slot;
  if (bytes === null) return true;
  const at = gpa - slot.start;
  for (let byte = 0; byte < len; byte++) {
    bytes[at + byte] = byte < 4 ? vlo >>> byte * 8 : vhi >>> (byte - 4) * 8;
  }
  return true;
}
