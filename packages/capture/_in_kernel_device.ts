/**
 * Devices that KVM itself can be on x86, by address: what may answer without an exit though no call in the recording
 * says so.
 *
 * @module
 */
import { KVM_PIO_BUS } from "@ioeventfd/uapi";

/** A device inside KVM. */
export interface InKernelDevice {
  /** For people. */
  readonly name: string;
  /** The call that puts it into the kernel. */
  readonly call: string;
}

/** The devices, by index. */
export const inKernelDevices: readonly InKernelDevice[] = [
  { name: "interrupt controller (PIC)", call: "KVM_CREATE_IRQCHIP" },
  { name: "IOAPIC", call: "KVM_CREATE_IRQCHIP" },
  { name: "local APIC", call: "KVM_CREATE_IRQCHIP or KVM_ENABLE_CAP(SPLIT_IRQCHIP)" },
  { name: "timer (PIT)", call: "KVM_CREATE_PIT2" },
  { name: "speaker port of the timer", call: "KVM_CREATE_PIT2 with SPEAKER_DUMMY" },
];

/** Indexes of the devices. */
export const pic = 0, ioapic = 1, lapic = 2, pit = 3, speaker = 4;

// KERNEL 6.19 arch/x86/kvm/i8259.c, ioapic.c, lapic.c, i8254.c
/**
 * The device at an address.
 *
 * @returns Its index, or -1
 */
export function deviceAt(bus: number, lo: number, hi: number, len: number): number {
  if (hi !== 0) return -1;
  const first = lo >>> 0;
  if (bus === KVM_PIO_BUS) {
    if (first > 0x4d1) return -1;
    if (first >= 0x40 && first + len <= 0x44) return pit;
    if (first === 0x61) return speaker;
    const inPair = (base: number) => first >= base && first + len <= base + 2;
    return inPair(0x20) || inPair(0xa0) || inPair(0x4d0) ? pic : -1;
  }
  if (first >= 0xfee00000 && first < 0xfee01000) return lapic;
  return first >= 0xfec00000 && first + len <= 0xfec00100 ? ioapic : -1;
}
