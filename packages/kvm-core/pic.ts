/**
 * The pair of 8259 interrupt controllers in the kernel.
 *
 * @module
 */
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";

/** Told when an interrupt of the pair ends: 0 to 15. */
export type EoiListener = (irq: number) => void;

// KERNEL 6.19 arch/x86/kvm/irq.h struct kvm_kpic_state: behaviour after Intel's data sheet of the 8259A
class Chip {
  /** Requests, in service, masked. */
  irr = 0;
  isr = 0;
  imr = 0;
  /** Level-triggered inputs, and which may be. */
  elcr = 0;
  readonly elcrMask: number;
  #lines = 0;
  #base = 0;
  #initStep = 0;
  #needsIcw4 = false;
  #autoEoi = false;
  #readIsr = false;
  #lowest = 7;
  readonly #ended: (input: number) => void;

  constructor(elcrMask: number, ended: (input: number) => void) {
    this.elcrMask = elcrMask;
    this.#ended = ended;
  }

  setLine(input: number, level: boolean): void {
    const bit = 1 << input;
    const rising = level && (this.#lines & bit) === 0;
    this.#lines = level ? this.#lines | bit : this.#lines & ~bit;
    if (this.elcr & bit) this.irr = level ? this.irr | bit : this.irr & ~bit;
    else if (rising) this.irr |= bit;
  }

  /** The input to be serviced next, or −1. */
  pending(): number {
    const asking = this.irr & ~this.imr;
    for (let step = 1; step <= 8; step++) {
      const input = (this.#lowest + step) & 7;
      if (this.isr & (1 << input)) return -1;
      if (asking & (1 << input)) return input;
    }
    return -1;
  }

  /** The interrupt acknowledge cycle of an input. */
  acknowledge(input: number): number {
    const bit = 1 << input;
    if (!(this.elcr & bit)) this.irr &= ~bit;
    if (this.#autoEoi) this.#ended(input);
    else this.isr |= bit;
    return this.vector(input);
  }

  /** What it calls an input. */
  vector(input: number): number {
    return this.#base + input;
  }

  write(odd: boolean, value: number): void {
    if (odd) this.#writeData(value);
    else if (value & 0x10) this.#beginInit(value);
    else if (value & 0x08) this.#command3(value);
    else this.#command2(value);
  }

  read(odd: boolean): number {
    if (odd) return this.imr;
    return this.#readIsr ? this.isr : this.irr;
  }

  // KERNEL 6.19 arch/x86/kvm/i8259.c kvm_pic_reset: what is in service stays, what waited for it ends
  #beginInit(value: number): void {
    this.#needsIcw4 = (value & 1) !== 0;
    this.#initStep = 1;
    const waiting = this.irr & ~this.elcr;
    this.#lines = 0;
    this.irr &= this.elcr;
    this.imr = 0;
    this.#lowest = 7;
    if (!this.#needsIcw4) this.#autoEoi = false;
    this.#readIsr = false;
    for (let input = 0; input < 8; input++) {
      if ((waiting & 1 << input) === 0) continue;
      this.isr &= ~(1 << input);
      this.#ended(input);
    }
  }

  #writeData(value: number): void {
    switch (this.#initStep) {
      case 0:
        this.imr = value;
        return;
      case 1:
        this.#base = value & 0xf8;
        this.#initStep = 2;
        return;
      case 2:
        this.#initStep = this.#needsIcw4 ? 3 : 0;
        return;
      default:
        this.#autoEoi = (value & 2) !== 0;
        this.#initStep = 0;
    }
  }

  #command3(value: number): void {
    if (value & 2) this.#readIsr = (value & 1) !== 0;
  }

  #command2(value: number): void {
    const command = value >>> 5;
    if ((command & 1) === 0) {
      if (command === 6) this.#lowest = value & 7;
      return;
    }
    const input = command & 2 ? value & 7 : this.#highestInService();
    if (input < 0) return;
    this.isr &= ~(1 << input);
    if (command & 4) this.#lowest = input;
    this.#ended(input);
  }

  #highestInService(): number {
    for (let step = 1; step <= 8; step++) {
      const input = (this.#lowest + step) & 7;
      if (this.isr & (1 << input)) return input;
    }
    return -1;
  }
}

/**
 * The interrupt controllers at ports 0x20, 0xa0 and 0x4d0: requests, masks, end of interrupt, level triggering.
 *
 * @example
 * ```ts
 * import { Pic } from "@ioeventfd/kvm-core";
 *
 * const pic = new Pic();
 * pic.setLine(4, true);
 * pic.setLine(4, false);
 * if (pic.irr !== 0x10) throw new Error("IRQ 4 waits");
 * ```
 */
export class Pic {
  readonly #chips: readonly [Chip, Chip];
  readonly #listeners = new Set<EoiListener>();

  /** Both chips as after reset. */
  constructor() {
    this.#chips = [
      new Chip(0xf8, (input) => this.#ended(input)),
      new Chip(0xde, (input) => this.#ended(input + 8)),
    ];
  }

  /** Interrupts asked for, IRQ n in bit n. */
  get irr(): number {
    return this.#chips[0].irr | this.#chips[1].irr << 8;
  }

  /** Interrupts in service. */
  get isr(): number {
    return this.#chips[0].isr | this.#chips[1].isr << 8;
  }

  /** Interrupts masked. */
  get imr(): number {
    return this.#chips[0].imr | this.#chips[1].imr << 8;
  }

  /** An interrupt can be taken by a CPU. */
  get pending(): boolean {
    return this.#chips[0].pending() >= 0;
  }

  /**
   * Asks to be told of ends of interrupt.
   *
   * @param listener Who is told
   * @returns How to take that back
   */
  onEoi(listener: EoiListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sets an input.
   *
   * @param irq 0 to 15
   * @param level High or low
   */
  setLine(irq: number, level: boolean): void {
    this.#chips[irq < 8 ? 0 : 1].setLine(irq & 7, level);
    this.#cascade();
  }

  /**
   * The interrupt acknowledge cycle of a CPU.
   *
   * @returns The vector, or −1 when nothing is pending
   */
  acknowledge(): number {
    const [first, second] = this.#chips;
    const input = first.pending();
    if (input < 0) return -1;
    const vector = first.acknowledge(input);
    if (input !== 2) return vector;
    const behind = second.pending();
    // KERNEL 6.19 arch/x86/kvm/i8259.c kvm_pic_read_irq: a spurious one is not in service
    const answer = behind < 0 ? second.vector(7) : second.acknowledge(behind);
    this.#cascade();
    return answer;
  }

  /** The six ports as bus devices: {first port, ports, device}. */
  devices(): { readonly port: number; readonly len: number; readonly device: IoDevice }[] {
    const [first, second] = this.#chips;
    return [
      { port: 0x20, len: 2, device: this.#device("PIC", 0x20, first) },
      { port: 0xa0, len: 2, device: this.#device("second PIC", 0xa0, second) },
      { port: 0x4d0, len: 2, device: this.#elcrDevice() },
    ];
  }

  #device(label: string, port: number, chip: Chip): IoDevice {
    const inRange = (lo: number, hi: number): boolean => hi === 0 && (lo & ~1) === port;
    return {
      label,
      write: (lo, hi, len, value) => {
        if (!inRange(lo, hi)) return EOPNOTSUPP;
        // KERNEL 6.19 arch/x86/kvm/i8259.c picdev_write: other sizes are swallowed
        if (len !== 1) return 0;
        chip.write((lo & 1) !== 0, value & 0xff);
        this.#cascade();
        return 0;
      },
      read: (lo, hi, len, out) => {
        if (!inRange(lo, hi)) return EOPNOTSUPP;
        out.fill(0, 0, len);
        if (len === 1) out[0] = chip.read((lo & 1) !== 0);
        return 0;
      },
    };
  }

  #elcrDevice(): IoDevice {
    const inRange = (lo: number, hi: number): boolean => hi === 0 && (lo & ~1) === 0x4d0;
    return {
      label: "ELCR",
      write: (lo, hi, len, value) => {
        if (!inRange(lo, hi)) return EOPNOTSUPP;
        const chip = this.#chips[lo & 1]!;
        if (len === 1) chip.elcr = value & chip.elcrMask;
        return 0;
      },
      read: (lo, hi, len, out) => {
        if (!inRange(lo, hi)) return EOPNOTSUPP;
        out.fill(0, 0, len);
        if (len === 1) out[0] = this.#chips[lo & 1]!.elcr;
        return 0;
      },
    };
  }

  #cascade(): void {
    const [first, second] = this.#chips;
    const behind = second.pending() >= 0;
    first.setLine(2, false);
    if (behind) first.setLine(2, true);
  }

  #ended(irq: number): void {
    for (const listener of this.#listeners) listener(irq);
  }
}
