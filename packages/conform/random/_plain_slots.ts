import { KVM_MEM_READONLY, type MemoryRegion, type MemslotRules } from "@ioeventfd/uapi";
import { refuse } from "./_plain_eventfds.ts";

const PAGE = 0x1000n;

/** Memory that a slot is made of. */
export type Memory = (hva: bigint, size: bigint) => Uint8Array | null;

/** A memory slot. */
export interface PlainSlot extends Required<MemoryRegion> {
  readonly bytes: Uint8Array | null;
}

/** What a change did: `took` are the pages that are no more what they were, or all of them. */
export interface PlainSlotChange {
  readonly zaps: "nothing" | "slot" | "everything";
  readonly slot: PlainSlot | null;
}

/** The memory slots of a VM, as a list. */
export class PlainSlots {
  readonly #rules: MemslotRules;
  readonly #memory: Memory;
  #slots: PlainSlot[] = [];

  constructor(rules: MemslotRules, memory: Memory) {
    this.#rules = rules;
    this.#memory = memory;
  }

  /** The slot over an address of address space 0, or null. */
  at(addr: bigint): PlainSlot | null {
    const over = (one: PlainSlot): boolean =>
      one.slot >>> 16 === 0 && addr >= one.gpa && addr < one.gpa + one.size;
    return this.#slots.find(over) ?? null;
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_set_memory_region
  set(region: MemoryRegion): PlainSlotChange {
    const { slot, gpa, size, hva } = region, flags = region.flags ?? 0;
    this.#check({ slot, flags, gpa, size, hva });
    const before = this.#slots.find((one) => one.slot === slot) ?? null;
    const others = this.#slots.filter((one) => one !== before);
    if (size === 0n) {
      if (before === null) refuse("EINVAL", "missing");
      this.#slots = others;
      return { zaps: "everything", slot: before };
    }
    const isMoved = before !== null && before.gpa !== gpa;
    if (before !== null) {
      const isReadonlyChanged = ((before.flags ^ flags) & KVM_MEM_READONLY) !== 0;
      if (before.size !== size || before.hva !== hva || isReadonlyChanged) {
        refuse("EINVAL", "immutable");
      }
      if (!isMoved && before.flags === flags) return { zaps: "nothing", slot: before };
    }
    if (before === null || isMoved) this.#checkPlace(others, slot, gpa, size);
    const bytes = before?.bytes ?? this.#memory(hva, size);
    this.#slots = [...others, { slot, flags, gpa, size, hva, bytes }];
    if (before === null) return { zaps: "nothing", slot: null };
    return { zaps: isMoved ? "everything" : "slot", slot: before };
  }

  #check({ slot, flags, gpa, size, hva }: Required<MemoryRegion>): void {
    const { userSlots, addressSpaces, validFlags } = this.#rules;
    if ((slot & 0xffff) >= userSlots || slot >>> 16 >= addressSpaces) refuse("EINVAL", "slot");
    if ((flags & ~validFlags) !== 0) refuse("EINVAL", "flags");
    if (size % PAGE !== 0n || gpa % PAGE !== 0n || hva % PAGE !== 0n) refuse("EINVAL", "page");
    if (gpa + size >= 1n << 64n) refuse("EINVAL", "wrap");
  }

  #checkPlace(others: readonly PlainSlot[], slot: number, gpa: bigint, size: bigint): void {
    const overlaps = (one: PlainSlot): boolean =>
      one.slot >>> 16 === slot >>> 16 && gpa < one.gpa + one.size && one.gpa < gpa + size;
    if (others.some(overlaps)) refuse("EEXIST", "overlap");
    const { maxGpaBits } = this.#rules;
    if (maxGpaBits !== null && gpa + size > 1n << BigInt(maxGpaBits)) refuse("EINVAL", "width");
  }
}
