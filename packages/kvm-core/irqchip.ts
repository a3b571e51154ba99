/**
 * Interrupt controllers and timer in the kernel, as far as they meet doorbells.
 *
 * @module
 */
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { Ioapic } from "./ioapic.ts";
import { Pic } from "./pic.ts";

/** PIC, IOAPIC and LAPICs in the kernel; LAPICs alone; nothing. */
export type IrqchipMode = "none" | "split" | "full";

/** Guest physical address of the local APICs, and their length. */
export const LAPIC_BASE = 0xfee0_0000, LAPIC_LENGTH = 0x1000;

/**
 * Whether a guest physical address is in the page of the local APICs, which the vCPU answers before any bus.
 *
 * @param gpa Guest physical address
 * @returns Whether it is
 */
export function isLapicPage(gpa: number): boolean {
  return gpa >= LAPIC_BASE && gpa < LAPIC_BASE + LAPIC_LENGTH;
}

/** PIC and IOAPIC of a VM with the interrupt numbers that lead to them by default. */
export class Irqchip {
  /** The pair of 8259s. */
  readonly pic: Pic = new Pic();
  /** The I/O APIC. */
  readonly ioapic: Ioapic = new Ioapic();

  /** A bit for each source that holds a line high. */
  readonly #held = new Uint8Array(24);

  // KERNEL 6.19 arch/x86/kvm/irq.c default_routing; arch/x86/include/asm/kvm_host.h __kvm_irq_line_state
  /**
   * Sets an interrupt line: to both controllers below 16, to the I/O APIC below 24, to nothing above. It is high while
   * any source holds it.
   *
   * @param gsi Interrupt number
   * @param level High or low
   * @param source 0 for userspace and its irqfds, 1 for irqfds with RESAMPLE
   */
  setIrq(gsi: number, level: boolean, source: 0 | 1 = 0): void {
    if (gsi >= this.#held.length) return;
    const bit = 1 << source;
    this.#held[gsi] = level ? this.#held[gsi]! | bit : this.#held[gsi]! & ~bit;
    const high = this.#held[gsi] !== 0;
    if (gsi < 16) this.pic.setLine(gsi, high);
    this.ioapic.setLine(gsi, high);
  }
}

// KERNEL 6.19 arch/x86/kvm/i8254.c pit_ioport_write, pit_ioport_read, speaker_ioport_write
/**
 * A device that takes accesses to some ports and does nothing: the timer, whose ticks no doorbell sees.
 *
 * @param label What it is
 * @param first First port it answers
 * @param last Last port it answers
 * @param mute One of them that puts nothing where a read wants it: what stood there stays
 * @returns The device
 */
export function silentPorts(
  label: string,
  first: number,
  last: number,
  mute: number = -1,
): IoDevice {
  const inRange = (lo: number, hi: number): boolean => hi === 0 && lo >= first && lo <= last;
  return {
    label,
    write: (lo, hi) => inRange(lo, hi) ? 0 : EOPNOTSUPP,
    wouldWrite: (lo, hi) => inRange(lo, hi),
    read: (lo, hi, len, out) => {
      if (!inRange(lo, hi)) return EOPNOTSUPP;
      if (lo !== mute) out.fill(0, 0, len);
      return 0;
    },
  };
}
