/**
 * The LAPIC page of a vCPU: registers that KVM keeps in the kernel, and the first to be asked on the slow MMIO path.
 *
 * @module
 */

/** Registers of one LAPIC, without interrupts: what a doorbell at its page meets. */
export class LocalApic {
  /** Base of the page, low word (bits 31:12). */
  baseLo: number = 0xfee0_0000 | 0;
  /** Enabled in IA32_APIC_BASE. */
  isEnabled = true;
  readonly #registers = new Int32Array(256);

  /**
   * A LAPIC as reset leaves it.
   *
   * @param id LAPIC id, the number of the vCPU
   */
  constructor(id: number) {
    this.#registers[2] = id << 24;
    this.#registers[3] = 0x5_0014;
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c apic_mmio_in_range
  /** Whether an address is in the page. */
  covers(lo: number, hi: number): boolean {
    return hi === 0 && ((lo ^ this.baseLo) & 0xffff_f000) === 0;
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c apic_mmio_write
  /** A write in the page: it takes 4 bytes at a multiple of 16, and swallows everything else. */
  write(lo: number, len: number, value: number): void {
    const offset = lo & 0xfff;
    if (len === 4 && (offset & 0xf) === 0 && this.isEnabled) this.#registers[offset >> 4] = value;
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c apic_mmio_read
  /** A read in the page, into `out`; a bad size or offset leaves `out` as it is. */
  read(lo: number, len: number, out: Uint8Array, at: number): void {
    const offset = lo & 0xf;
    if (offset + len > 4 && len !== 4) return;
    const value = this.isEnabled ? this.#registers[(lo & 0xfff) >> 4]! : -1;
    for (let i = 0; i < len; i++) out[at + i] = value >>> (((offset + i) & 3) * 8);
  }
}
