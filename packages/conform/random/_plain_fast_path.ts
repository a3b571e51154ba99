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

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_ept_misconfig: handled as a read, which maps a read-only slot too
  /** What the slow path leaves: a mark where no slot is. */
  settle(addr: bigint): void {
    const page = addr >> pageShift;
    if (this.#slots.find(Number(addr)) === null) this.#marked.add(page);
    else this.#marked.delete(page);
  }
}
