import type { Memslots } from "@ioeventfd/kvm-core";

const pageShift = 12n;

/** Which pages exit as misconfigured, so that the fast MMIO bus is asked before anything else. */
export class PlainFastPath {
  readonly #slots: Memslots;
  readonly #marked = new Set<bigint>();

  constructor(slots: Memslots) {
    this.#slots = slots;
    // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c kvm_mmu_zap_all_fast; a new slot leaves the marks of its pages
    slots.onSlotChange(({ kind, before }) => {
      if (kind === "delete" || kind === "move") this.#marked.clear();
      else if (kind === "flags") {
        for (let gpa = before!.start; gpa < before!.end; gpa += 0x1000) {
          this.#marked.delete(BigInt(gpa) >> pageShift);
        }
      }
    });
  }

  /** Whether a store to this address exits to where the fast bus is asked. */
  isMarked(addr: bigint): boolean {
    return this.#marked.has(addr >> pageShift);
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c mark_mmio_spte, __direct_map
  /** What the slow path leaves: a mark where no slot is, none where the page is RAM that may be written. */
  settle(addr: bigint): void {
    const slot = this.#slots.find(Number(addr));
    if (slot === null) this.#marked.add(addr >> pageShift);
    else if (!slot.readonly) this.#marked.delete(addr >> pageShift);
  }
}
