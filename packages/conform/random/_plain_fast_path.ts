import type { PlainSlotChange } from "./_plain_slots.ts";

const pageShift = 12n;

/** Which pages exit as misconfigured, so that the fast MMIO bus is asked before anything else. */
export class PlainFastPath {
  readonly #marked = new Set<bigint>();

  /** Whether a store to this address exits to where the fast bus is asked. */
  isMarked(addr: bigint): boolean {
    return this.#marked.has(addr >> pageShift);
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c kvm_mmu_zap_all_fast: a new slot leaves the marks of its pages
  /** What a change of the slots takes away. */
  changed({ zaps, slot }: PlainSlotChange): void {
    if (zaps === "everything") this.#marked.clear();
    if (zaps !== "slot") return;
    const { gpa, size } = slot!;
    for (let page = gpa >> pageShift; page < gpa + size >> pageShift; page++) {
      this.#marked.delete(page);
    }
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_ept_misconfig: handled as a read, which maps a read-only slot too
  /** What the slow path leaves: a mark where no slot is. */
  settle(addr: bigint, hasSlot: boolean): void {
    if (hasSlot) this.#marked.delete(addr >> pageShift);
    else this.#marked.add(addr >> pageShift);
  }
}
