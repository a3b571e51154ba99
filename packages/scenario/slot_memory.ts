/**
 * The memory behind a VM's slots, by guest physical address.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { HostMemory } from "@ioeventfd/uapi";

/** One memory slot in use. */
export interface MemorySlot {
  /** Slot id. */
  readonly slot: number;
  /** `KVM_MEM_*`. */
  readonly flags: number;
  /** First guest physical address. */
  readonly gpa: bigint;
  /** The memory. */
  readonly memory: HostMemory;
}

/** Memory slots of a VM, as the scenario made them. */
export class SlotMemory {
  readonly #slots = new Map<number, MemorySlot>();

  /** Slots in use, by id. */
  slots(): MemorySlot[] {
    return [...this.#slots.values()].sort((a, b) => a.slot - b.slot);
  }

  /** Lowest id above those in use. */
  nextId(): number {
    return Math.max(-1, ...this.#slots.keys()) + 1;
  }

  /** Enters a slot. */
  add(slot: MemorySlot): void {
    this.#slots.set(slot.slot, slot);
  }

  /** Forgets a slot. */
  remove(slot: number): void {
    this.#slots.delete(slot);
  }

  /**
   * Memory from an address on, shared with the guest.
   *
   * @param gpa First guest physical address
   * @param length Bytes
   * @throws {RangeError} when no slot holds all of it
   */
  view(gpa: bigint, length: number): Uint8Array {
    for (const { gpa: base, memory } of this.#slots.values()) {
      const offset = gpa - base;
      if (offset >= 0n && offset + BigInt(length) <= BigInt(memory.bytes.length)) {
        return memory.bytes.subarray(Number(offset), Number(offset) + length);
      }
    }
    throw new RangeError(`No memory slot holds ${length} bytes at gpa ${hex(gpa)}`);
  }
}
