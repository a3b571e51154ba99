/**
 * The I/O APIC in the kernel.
 *
 * @module
 */
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";

/** Guest physical address of the I/O APIC, and its length. */
export const IOAPIC_BASE = 0xfec0_0000, IOAPIC_LENGTH = 0x100;

const PINS = 24, MASKED = 1 << 16, VERSION = 0x11 | (PINS - 1) << 16;

/** Bits of a redirection that are read-only: delivery status and remote IRR. */
const READ_ONLY = 1 << 12 | 1 << 14;

// KERNEL 6.19 arch/x86/kvm/ioapic.c ioapic_mmio_write, ioapic_write_indirect, ioapic_mmio_read, ioapic_read_indirect
/** Register file and request bits of the I/O APIC. It delivers nothing: there is no local APIC here. */
export class Ioapic implements IoDevice {
  /** What it is. */
  readonly label = "IOAPIC";
  /** Pins asked for, pin n in bit n. */
  irr = 0;
  readonly #redirection = new Uint32Array(PINS * 2);
  #select = 0;
  #id = 0;

  /** Every pin masked. */
  constructor() {
    for (let pin = 0; pin < PINS; pin++) this.#redirection[pin * 2] = MASKED;
  }

  /**
   * Sets an input.
   *
   * @param pin 0 to 23
   * @param level High or low
   */
  setLine(pin: number, level: boolean): void {
    if (level) this.irr |= 1 << pin;
    else this.irr &= ~(1 << pin);
  }

  /** A write to its page. */
  write(lo: number, hi: number, len: number, value: number): number {
    const offset = (lo >>> 0) - IOAPIC_BASE;
    if (hi !== 0 || offset < 0 || offset >= IOAPIC_LENGTH) return EOPNOTSUPP;
    if (len !== 1 && len !== 2 && len !== 4 && len !== 8) return 0;
    const data = len < 4 ? value & ((1 << len * 8) - 1) : value >>> 0;
    if (offset === 0) this.#select = data & 0xff;
    else if (offset === 0x10) this.#writeRegister(data);
    return 0;
  }

  /** A read of its page; one of another length than 1, 2, 4 or 8 leaves `out` as it is. */
  read(lo: number, hi: number, len: number, out: Uint8Array): number {
    const offset = (lo >>> 0) - IOAPIC_BASE;
    if (hi !== 0 || offset < 0 || offset >= IOAPIC_LENGTH) return EOPNOTSUPP;
    if (len !== 1 && len !== 2 && len !== 4 && len !== 8) return 0;
    const value = offset === 0 ? this.#select : offset === 0x10 ? this.#readRegister() : 0;
    for (let byte = 0; byte < len; byte++) out[byte] = byte < 4 ? value >>> byte * 8 : 0;
    return 0;
  }

  #writeRegister(value: number): void {
    if (this.#select === 0) this.#id = value >>> 24 & 0xf;
    const word = this.#select - 0x10;
    if (word < 0 || word >= PINS * 2) return;
    this.#redirection[word] = word % 2 === 0 ? value & ~READ_ONLY : value;
  }

  #readRegister(): number {
    if (this.#select === 1) return VERSION;
    if (this.#select === 0 || this.#select === 2) return this.#id << 24;
    return this.#redirection[this.#select - 0x10] ?? 0xffff_ffff;
  }
}
