/**
 * Guest physical memory: which host bytes lie under a guest page.
 *
 * @module
 */

import { KvmError } from "@ioeventfd/uapi";

/** A memory slot with the host bytes under it. */
export interface MemorySlot {
  /** First guest page number (address / 4096). */
  readonly page: number;
  /** Pages. */
  readonly pages: number;
  /** Host memory, shared with the process that owns the VM; null where that has none. */
  readonly bytes: Uint8Array | null;
  /** Where the slot begins in `bytes`. */
  readonly offset: number;
  /** Host address of the slot's first byte. */
  readonly hva: number;
  /** `KVM_MEM_READONLY`: guest writes do not reach it. */
  readonly readOnly: boolean;
  /** Set bits of pages written to since the last look, where the slot logs them; else null. */
  readonly dirtyBitmap: Uint8Array | null;
}

/** The slots of a VM, looked up by page. The result of the last `find` stays in the fields. */
export class GuestMemory {
  /** Host bytes of the page found. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the page begins in `bytes`. */
  offset = 0;
  /** Slot of the page found. */
  slot: MemorySlot | null = null;
  /** Generation of the memory slots, as the release counts it. */
  generation = 0;
  #slots: readonly MemorySlot[] = [];

  /** Replaces the slots; they must not overlap. */
  setSlots(slots: readonly MemorySlot[], generation: number): void {
    this.#slots = [...slots].sort((a, b) => a.page - b.page);
    this.generation = generation;
    this.slot = null;
  }

  /** The slots, in order of address. */
  get slots(): readonly MemorySlot[] {
    return this.#slots;
  }

  /**
   * Looks for the page of an address.
   *
   * @param lo Guest physical address, low word
   * @param hi Guest physical address, high word
   * @returns Whether a slot covers it; then `bytes`, `offset` and `slot` hold
   * @throws {KvmError} EFAULT where the owning process has no memory under the slot
   */
  find(lo: number, hi: number): boolean {
    const page = (hi >>> 0) * 0x10_0000 + (lo >>> 12);
    const last = this.slot;
    if (last !== null && page >= last.page && page < last.page + last.pages) {
      this.offset = last.offset + (page - last.page) * 4096;
      return true;
    }
    const slots = this.#slots;
    let low = 0;
    let high = slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (slots[middle]!.page <= page) low = middle + 1;
      else high = middle;
    }
    const slot = slots[low - 1];
    if (slot === undefined || page >= slot.page + slot.pages) return false;
    if (slot.bytes === null) {
      const address = `0x${(page * 4096).toString(16)}`;
      throw new KvmError("EFAULT", { check: "memory", detail: `No memory behind ${address}` });
    }
    this.slot = slot;
    this.bytes = slot.bytes;
    this.offset = slot.offset + (page - slot.page) * 4096;
    return true;
  }

  /**
   * Looks for the page at a host address, which is what a page table entry holds.
   *
   * @param lo Host address, low word
   * @param hi Host address, high word
   * @returns Whether a slot has it; then `bytes`, `offset` and `slot` hold
   */
  findHost(lo: number, hi: number): boolean {
    const hva = (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0) - (lo & 0xfff);
    for (const slot of this.#slots) {
      const within = hva - slot.hva;
      if (within < 0 || within >= slot.pages * 4096 || slot.bytes === null) continue;
      this.slot = slot;
      this.bytes = slot.bytes;
      // An integer for V8 too where it can be: the difference of two large numbers is a double to it.
      this.offset = slot.offset + (within < 2 ** 31 ? within | 0 : within);
      return true;
    }
    return false;
  }

  /** Notes a write to the page found last, where its slot logs writes. */
  markDirty(lo: number, hi: number): void {
    const slot = this.slot;
    if (slot === null || slot.dirtyBitmap === null) return;
    const page = (hi >>> 0) * 0x10_0000 + (lo >>> 12) - slot.page;
    slot.dirtyBitmap[page >>> 3]! |= 1 << (page & 7);
  }
}

/** Reads a little-endian word of 4 bytes. */
export function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
}
