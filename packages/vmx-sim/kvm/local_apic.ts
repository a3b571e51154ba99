/**
 * The LAPIC page of a vCPU: registers that KVM keeps in the kernel, and the first to be asked on the slow MMIO path.
 *
 * @module
 */

/** IA32_APIC_BASE: in x2APIC mode, which hides the page; enabled. */
const X2APIC = 0x400, ENABLED = 0x800;

/** Registers by their number, which is their offset divided by 16. */
const ID = 0x2,
  VERSION = 0x3,
  TASK = 0x8,
  PROCESSOR = 0xa,
  DESTINATION = 0xd,
  FORMAT = 0xe,
  SPURIOUS = 0xf,
  COMMAND = 0x30,
  TIMER = 0x32,
  LINT0 = 0x35;

/** The local vector table: timer, thermal sensor, performance counters, LINT0, LINT1, error. */
const LOCAL_VECTORS = [TIMER, 0x33, 0x34, LINT0, 0x36, 0x37];
const MASKED = 0x1_0000;

// KERNEL 6.19 arch/x86/kvm/lapic.c kvm_lapic_reg_write, apic_lvt_mask
/** Bits of a write that are kept, by register; those absent keep nothing. */
const WRITABLE: ReadonlyMap<number, number> = new Map([
  [ID, 0xff00_0000],
  [TASK, 0xff],
  [DESTINATION, 0xff00_0000],
  [FORMAT, 0xffff_ffff],
  [SPURIOUS, 0x3ff],
  [COMMAND, 0xffff_efff],
  [COMMAND + 1, 0xff00_0000],
  [TIMER, 0x7_10ff],
  [0x33, 0x1_17ff],
  [0x34, 0x1_17ff],
  [LINT0, 0x1_f7ff],
  [0x36, 0x1_f7ff],
  [0x37, 0x1_10ff],
  [0x38, 0xffff_ffff],
  [0x3e, 0xb],
]);

// KERNEL 6.19 arch/x86/kvm/lapic.c kvm_lapic_readable_reg_mask
/** Registers that can be read: bits 31:0 and 63:32 of the mask. */
const READABLE_LO = 0xffff_e70c | 0, READABLE_HI = 0x43ff_01ff;

/** Registers of one LAPIC, without interrupts and without time: what a doorbell at its page meets. */
export class LocalApic {
  #baseLo = 0xfee0_0000 | 0;
  #baseHi = 0;
  #isOn = true;
  /** Its page answers with its registers. */
  #isEnabled = true;
  readonly #keepsPage: boolean;
  readonly #registers = new Int32Array(64);

  // KERNEL 6.19 arch/x86/kvm/lapic.c kvm_lapic_reset
  /**
   * A LAPIC as reset leaves it.
   *
   * @param id LAPIC id, the number of the vCPU
   * @param keepsPage Its page is its own when it is off, or in x2APIC mode
   */
  constructor(id: number, keepsPage: boolean) {
    this.#keepsPage = keepsPage;
    const registers = this.#registers;
    registers[ID] = id << 24;
    registers[VERSION] = 0x5_0014;
    registers[FORMAT] = -1;
    registers[SPURIOUS] = 0xff;
    for (const register of LOCAL_VECTORS) registers[register] = MASKED;
    if (id === 0) registers[LINT0] = 0x700;
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c __kvm_apic_set_base
  /** Takes over a new IA32_APIC_BASE, which may move the page, empty it or take it away. */
  setBase(lo: number, hi: number): void {
    this.#baseLo = lo & 0xffff_f000;
    this.#baseHi = hi;
    this.#isOn = (lo & ENABLED) !== 0;
    this.#isEnabled = this.#isOn && !(this.#keepsPage && (lo & X2APIC) !== 0);
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c kvm_apic_accept_pic_intr
  /** Whether it passes on interrupts from outside: as after reset, by LINT0, or when it is off. */
  get passesExternal(): boolean {
    return !this.#isOn || (this.#registers[LINT0]! & (MASKED | 0x700)) === 0x700;
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c apic_mmio_in_range
  /** Whether an address is in the page. */
  covers(lo: number, hi: number): boolean {
    return hi === this.#baseHi && ((lo ^ this.#baseLo) & 0xffff_f000) === 0 &&
      (this.#isOn || this.#keepsPage);
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c apic_mmio_write, kvm_lapic_reg_write
  /** A write in the page: it takes 4 bytes at a multiple of 16, and swallows everything else. */
  write(lo: number, len: number, value: number): void {
    const offset = lo & 0xfff;
    if (!this.#isEnabled || len !== 4 || (offset & 0xf) !== 0) return;
    const register = offset >> 4;
    const mask = WRITABLE.get(register);
    if (mask === undefined) return;
    const registers = this.#registers;
    if (register === FORMAT) value |= 0x0fff_ffff;
    const isVector = LOCAL_VECTORS.includes(register);
    if (isVector && (registers[SPURIOUS]! & 0x100) === 0) value |= MASKED;
    registers[register] = value & mask;
    // The priority of the processor is that of the task, as long as nothing is in service.
    if (register === TASK) registers[PROCESSOR] = value & 0xff;
    if (register !== SPURIOUS || (value & 0x100) !== 0) return;
    for (const vector of LOCAL_VECTORS) registers[vector]! |= MASKED;
  }

  // KERNEL 6.19 arch/x86/kvm/lapic.c apic_mmio_read, kvm_lapic_reg_read
  /**
   * A read in the page, into `out` from `at`. What crosses a register, or is none that can be read, leaves `out` as it
   * is, and the kernel takes that for an answer.
   */
  read(lo: number, len: number, out: Uint8Array, at: number): void {
    if (!this.#isEnabled) {
      out.fill(0xff, at, at + len);
      return;
    }
    const offset = lo & 0xf;
    const register = (lo & 0xfff) >> 4;
    if (offset + len > 4 || len === 3 || (lo & 0xfff) > 0x3f0) return;
    const readable = register < 32 ? READABLE_LO : READABLE_HI;
    if ((readable >> (register & 31) & 1) === 0) return;
    const value = this.#registers[register]!;
    for (let i = 0; i < len; i++) out[at + i] = value >>> ((offset + i) * 8);
  }
}
