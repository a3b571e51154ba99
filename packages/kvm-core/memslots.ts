/**
 * The memory slots of a VM.
 *
 * @module
 */
import {
  hex,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_READONLY,
  KvmError,
  type MemoryRegion,
  type MemslotRules,
} from "@ioeventfd/uapi";
import { U64_MAX } from "./_u64.ts";
import type { AllocationFaults } from "./allocation_faults.ts";

const PAGE = 4096n;
const PAGE_MASK = PAGE - 1n;
// KERNEL 6.19 arch/x86/include/asm/page_64_types.h TASK_SIZE_MAX: with 4-level paging
const TASK_SIZE_MAX = 0x7fff_ffff_f000n;
// KERNEL 6.19 include/linux/kvm_host.h KVM_MEM_MAX_NR_PAGES
const MAX_PAGES = (1n << 31n) - 1n;

/** A memory slot. */
export interface Memslot {
  /** Slot id within its address space. */
  readonly id: number;
  /** Address space: 0, or 1 for SMM. */
  readonly addressSpace: number;
  /** First guest physical address (u64). */
  readonly gpa: bigint;
  /** Bytes (u64). */
  readonly size: bigint;
  /** Address of the memory in the owning process (u64). */
  readonly hva: bigint;
  /** `KVM_MEM_*`. */
  readonly flags: number;
  /** `KVM_MEM_READONLY`: guest writes go to the bus. */
  readonly readonly: boolean;
  /** {@linkcode Memslot.gpa} as a number. */
  readonly start: number;
  /** First address after it, as a number. */
  readonly end: number;
  /** The memory itself, or null where the owning process has none at this address. */
  readonly bytes: Uint8Array | null;
}

/** Where `KVM_MEM_GUEST_MEMFD` says that private memory is. */
export interface GuestMemfd {
  /** First byte within it (u64). */
  readonly offset: bigint;
  /** Takes the descriptor; there is no guest_memfd here to take, so it throws. */
  bind(): never;
}

/** What happened to a slot. */
export interface SlotChange {
  /** Which kind of change. */
  readonly kind: "create" | "delete" | "move" | "flags";
  /** The slot before; null for a new one. */
  readonly before: Memslot | null;
  /** The slot now; null for a deleted one. */
  readonly after: Memslot | null;
}

/** Finds the memory of the owning process behind an address. */
export type HvaLookup = (hva: bigint, size: bigint) => Uint8Array | null;

interface AddressSpace {
  readonly byId: Map<number, Memslot>;
  /** By address, of those below 2^52. */
  sorted: Memslot[];
  generation: number;
}

/**
 * The memory slots of a VM, by the rules of one release.
 *
 * @example A slot over another is EEXIST
 * ```ts
 * import { Memslots } from "@ioeventfd/kvm-core";
 * import { KvmError, latestRelease } from "@ioeventfd/uapi";
 *
 * const slots = new Memslots(latestRelease.memslots);
 * slots.set({ slot: 0, gpa: 0n, size: 0x2000n, hva: 0x10000n });
 * if (slots.find(0x1fff)?.id !== 0 || slots.find(0x2000) !== null) throw new Error("two pages");
 * try {
 *   slots.set({ slot: 1, gpa: 0x1000n, size: 0x1000n, hva: 0x20000n });
 *   throw new Error("not refused");
 * } catch (error) {
 *   if (!(error instanceof KvmError) || error.code !== "EEXIST") throw error;
 * }
 * ```
 */
export class Memslots {
  readonly #rules: MemslotRules;
  readonly #memory: HvaLookup;
  readonly #faults: AllocationFaults | null;
  readonly #spaces: AddressSpace[];
  readonly #listeners = new Set<(change: SlotChange) => void>();
  #recent: Memslot | null = null;

  /**
   * No slots.
   *
   * @param rules Memory slot rules of a kernel release
   * @param memory Finds the memory behind a slot; without it slots have none
   * @param faults Allocations that are to fail
   */
  constructor(
    rules: MemslotRules,
    memory: HvaLookup = () => null,
    faults: AllocationFaults | null = null,
  ) {
    this.#rules = rules;
    this.#memory = memory;
    this.#faults = faults;
    this.#spaces = Array.from({ length: rules.addressSpaces }, () => ({
      byId: new Map(),
      sorted: [],
      generation: rules.initialGeneration,
    }));
  }

  /** The slots of address space 0, by guest physical address. */
  get slots(): readonly Memslot[] {
    return this.#spaces[0]!.sorted;
  }

  /** The generation of address space 0, which MMIO SPTEs and vCPU caches carry a part of. */
  get generation(): number {
    return this.#spaces[0]!.generation;
  }

  /**
   * The slot over a guest physical address in address space 0.
   *
   * @param gpa Guest physical address
   * @returns Its slot, or null
   */
  find(gpa: number): Memslot | null {
    const recent = this.#recent;
    if (recent !== null && gpa >= recent.start && gpa < recent.end) return recent;
    const sorted = this.#spaces[0]!.sorted;
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]!.start <= gpa) low = middle + 1;
      else high = middle;
    }
    const slot = low === 0 ? undefined : sorted[low - 1];
    if (slot === undefined || gpa >= slot.end) return null;
    this.#recent = slot;
    return slot;
  }

  /**
   * The slot of an id.
   *
   * @param slot Slot id in bits 15:0, address space in bits 31:16
   * @returns The slot, or null
   */
  slot(slot: number): Memslot | null {
    return this.#spaces[slot >>> 16]?.byId.get(slot & 0xffff) ?? null;
  }

  /**
   * Asks to be told of changes, after they are in force.
   *
   * @param listener Who is told
   * @returns How to take that back
   */
  onSlotChange(listener: (change: SlotChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // KERNEL 3.16 virt/kvm/kvm_main.c __kvm_set_memory_region; 6.19 kvm_set_memory_region
  /**
   * `KVM_SET_USER_MEMORY_REGION`.
   *
   * @param region Slot, place, size and memory; size 0 deletes
   * @param memfd Of `KVM_SET_USER_MEMORY_REGION2` alone, when its flags have `KVM_MEM_GUEST_MEMFD`
   * @throws {KvmError} EINVAL, EEXIST for an overlap, ENOMEM; what `memfd` says
   */
  set(region: MemoryRegion, memfd: GuestMemfd | null = null): void {
    const { slot, gpa, size, hva } = region;
    const flags = region.flags ?? 0;
    const id = slot & 0xffff, as = slot >>> 16;
    if (id >= this.#rules.userSlots) {
      refuse("slot-id", `Slot id ${hex(id)} is not below ${hex(this.#rules.userSlots)}`);
    }
    const valid = memfd === null ? this.#rules.validFlags : KVM_MEM_GUEST_MEMFD;
    const unknown = (flags & ~valid) >>> 0;
    if (unknown !== 0) refuse("flags", `Flags ${hex(unknown)} are not known`);
    if (size & PAGE_MASK) refuse("size", `Size ${hex(size)} is not a multiple of 0x1000`);
    if (gpa & PAGE_MASK) refuse("gpa", `Address ${hex(gpa)} is not a multiple of 0x1000`);
    if (hva & PAGE_MASK || hva + size > TASK_SIZE_MAX) {
      refuse("hva", `Memory at ${hex(hva)} is misaligned or not the process's own`);
    }
    const offset = memfd?.offset ?? 0n;
    if (offset & PAGE_MASK || offset + size > U64_MAX) {
      refuse("memfd-offset", `Offset ${hex(offset)} is misaligned or wraps at 2^64`);
    }
    const space = this.#spaces[as];
    if (space === undefined) refuse("address-space", `There is no address space ${hex(as)}`);
    if (gpa + size > U64_MAX) refuse("wrap", `Slot ${hex(gpa)} + ${hex(size)} wraps at 2^64`);
    if (size / PAGE > MAX_PAGES) refuse("pages", `Size ${hex(size)} is 2^31 pages or more`);
    this.#change(space, id, as, { slot, flags, gpa, size, hva }, memfd);
  }

  #change(
    space: AddressSpace,
    id: number,
    as: number,
    region: Required<MemoryRegion>,
    memfd: GuestMemfd | null,
  ): void {
    const before = space.byId.get(id) ?? null;
    const { gpa, size, hva, flags } = region;
    if (size === 0n) {
      if (before === null) refuse("missing", `Slot ${hex(id)} cannot be deleted: it is not there`);
      this.#allocate();
      return this.#commit(space, "delete", before, null);
    }
    if (before !== null) {
      const readonlyChanged = ((flags ^ before.flags) & KVM_MEM_READONLY) !== 0;
      if (memfd !== null || hva !== before.hva || size !== before.size || readonlyChanged) {
        refuse("immutable", `Slot ${hex(id)} may change its place and dirty log alone`);
      }
      if (gpa === before.gpa && flags === before.flags) return;
    }
    const kind = before === null ? "create" : gpa === before.gpa ? "flags" : "move";
    if (kind !== "flags") this.#checkOverlap(space, id, gpa, size);
    this.#allocate();
    memfd?.bind();
    if (kind !== "flags" && this.#isTooHigh(gpa + size - 1n)) {
      // a move has the old place invalidated by then, and restores it
      if (before !== null) this.#commit(space, "move", before, before);
      refuse(
        "gpa-width",
        `Slot ${hex(gpa)} + ${hex(size)} ends above ${this.#rules.maxGpaBits} bits`,
      );
    }
    const start = Number(gpa);
    this.#commit(space, kind, before, {
      id,
      addressSpace: as,
      gpa,
      size,
      hva,
      flags,
      readonly: (flags & KVM_MEM_READONLY) !== 0,
      start,
      end: start + Number(size),
      bytes: before?.bytes ?? this.#memory(hva, size),
    });
  }

  #allocate(): void {
    if (this.#faults?.take("memslot") !== true) return;
    throw new KvmError("ENOMEM", { check: "allocation", detail: "No memory for the slot" });
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_set_memslot; arch/x86/kvm/x86.c kvm_arch_prepare_memory_region
  #isTooHigh(last: bigint): boolean {
    const bits = this.#rules.maxGpaBits;
    return bits !== null && last >> BigInt(bits) !== 0n;
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_check_memslot_overlap
  #checkOverlap(space: AddressSpace, id: number, gpa: bigint, size: bigint): void {
    for (const other of space.byId.values()) {
      if (other.id === id || gpa >= other.gpa + other.size || other.gpa >= gpa + size) continue;
      throw new KvmError("EEXIST", {
        check: "overlap",
        detail: `Slot ${hex(id)} at ${hex(gpa)} + ${hex(size)} overlaps slot ${hex(other.id)} ` +
          `at ${hex(other.gpa)} + ${hex(other.size)}`,
      });
    }
  }

  #commit(
    space: AddressSpace,
    kind: SlotChange["kind"],
    before: Memslot | null,
    after: Memslot | null,
  ): void {
    const id = (after ?? before)!.id;
    if (after === null) space.byId.delete(id);
    else space.byId.set(id, after);
    space.sorted = [...space.byId.values()]
      .filter(({ end }) => end <= 2 ** 52)
      .sort((a, b) => a.start - b.start);
    // DELETE and MOVE publish once without the slot and once as it is to be.
    this.#publish(space);
    if (kind === "delete" || kind === "move") this.#publish(space);
    this.#recent = null;
    for (const listener of this.#listeners) listener({ kind, before, after });
  }

  #publish(space: AddressSpace): void {
    switch (this.#rules.generation) {
      case "per-publication":
        space.generation += 1;
        break;
      case "odd-while-updating":
        space.generation += 2;
        break;
      case "bit63-while-updating":
        space.generation += this.#rules.addressSpaces;
    }
  }
}

function refuse(check: string, detail: string): never {
  throw new KvmError("EINVAL", { check, detail });
}
