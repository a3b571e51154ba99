/**
 * The page table entry KVM leaves for a guest page that is no memory: it makes the next access exit at once, and
 * carries the memslot generation at which it was right.
 *
 * @module
 */
import type { X86Rules } from "@ioeventfd/uapi";

/** How the generation and the marker lie in an MMIO SPTE. */
export interface MmioSpteLayout {
  /** Bits that say MMIO, low word. */
  readonly markerLo: number;
  /** Bits that say MMIO, high word. */
  readonly markerHi: number;
  /** Bits looked at to recognise the marker, low word. */
  readonly maskLo: number;
  /** Bits looked at to recognise the marker, high word. */
  readonly maskHi: number;
  /** Generation bits kept in the low word, from bit 3 on. */
  readonly lowBits: number;
  /** Position in the high word of the first generation bit kept there. */
  readonly highShift: number;
  /** Generation bits dropped below the kept ones. */
  readonly droppedBits: number;
  /** Bits of the whole generation, dropped ones included. */
  readonly generationBits: number;
  /** Added to the memslot generation before it is cut to `generationBits`. */
  readonly generationOffset: number;
  /** Everything is zapped when the generation gets to its maximum, not when it comes round to 0. */
  readonly zapsAtMaximum: boolean;
}

/** Lowest bit of the generation in the low word, in every release. */
const lowShift = 3;

/**
 * The layout a release uses.
 *
 * @param rules Exit rules of the release
 * @param paging `ept`: bits 2:0 = 110b, write and execute without read, which no CPU accepts; `shadow`: present with
 *   physical address bit 51, which is reserved
 * @returns The layout
 */
export function mmioSpteLayout(rules: X86Rules, paging: "ept" | "shadow"): MmioSpteLayout {
  const old = rules.mmioSpte !== "19-bit-low3";
  const top = rules.mmioSpteTopBits;
  const shadow = paging === "shadow";
  // KERNEL 6.19 arch/x86/kvm/mmu/spte.c kvm_mmu_set_ept_masks, kvm_mmu_reset_all_pte_masks
  const markerLo = shadow ? 1 : 6;
  // Up to 4.4 shadow paging sets every bit that is no physical address, then the highest alone.
  const reserved = !shadow ? 0 : top ? 0xf_0000 : 0x8_0000;
  const markerHi = (top ? 0xc000_0000 : 0) | reserved;
  return {
    markerLo,
    markerHi,
    maskLo: 7 & (shadow ? 1 : 7),
    maskHi: (top ? 0xc000_0000 : shadow ? 0 : 0x8000_0000) | reserved,
    lowBits: old ? 9 : 8,
    highShift: 20,
    droppedBits: rules.mmioSpte === "20-bit-drop-low" ? 1 : 0,
    generationBits: rules.mmioSpte === "20-bit-drop-low" ? 20 : 19,
    // KERNEL 3.16 arch/x86/kvm/mmu.c kvm_current_mmio_generation
    generationOffset: rules.mmioSpte === "19-bit-offset" ? (1 << 19) - 1 - 150 : 0,
    zapsAtMaximum: rules.mmioSpte === "19-bit-offset",
  };
}

/**
 * The generation that goes into an MMIO SPTE.
 *
 * @param layout Layout in use
 * @param memslotGeneration Generation of the memory slots, possibly negative
 * @returns What `mmioSpteGeneration` reads back from a fresh entry, dropped bits included as 0
 */
export function mmioGeneration(layout: MmioSpteLayout, memslotGeneration: number): number {
  const size = 2 ** layout.generationBits;
  const wrapped = (memslotGeneration + layout.generationOffset) % size;
  const whole = wrapped < 0 ? wrapped + size : wrapped;
  return (whole >>> layout.droppedBits) << layout.droppedBits;
}

// KERNEL 3.16, 4.4 arch/x86/kvm/mmu.c kvm_mmu_invalidate_mmio_sptes; 6.19 arch/x86/kvm/mmu/mmu.c kvm_mmu_invalidate_mmio_sptes
/**
 * Whether a change of the memory slots zaps everything because the generation comes round.
 *
 * @param layout Layout in use
 * @param before Generation before the change
 * @param now Generation after it
 * @returns Whether it does
 */
export function comesRound(layout: MmioSpteLayout, before: number, now: number): boolean {
  return layout.zapsAtMaximum ? now === (1 << layout.generationBits) - 1 : now < before;
}

/**
 * Builds an MMIO SPTE.
 *
 * @param layout Layout in use
 * @param gpaLo Guest physical address, low word; the page offset is ignored
 * @param gpaHi Guest physical address bits 51:32
 * @param generation From `mmioGeneration`
 * @returns High and low word, as a bigint; for the table itself use `mmioSpteLo` and `mmioSpteHi`
 *
 * @example
 * ```ts
 * import { release } from "@ioeventfd/uapi";
 * import { mmioGeneration, mmioSpte, mmioSpteLayout } from "@ioeventfd/vmx-sim";
 *
 * const layout = mmioSpteLayout(release("6.19").x86, "ept");
 * const spte = mmioSpte(layout, 0xfebd_0000, 0, mmioGeneration(layout, 2));
 * if (spte !== 0xfebd_0016n) throw new Error("generation 2 is bits 10:3");
 * ```
 */
export function mmioSpte(
  layout: MmioSpteLayout,
  gpaLo: number,
  gpaHi: number,
  generation: number,
): bigint {
  const hi = BigInt(mmioSpteHi(layout, gpaHi, generation) >>> 0);
  return hi << 32n | BigInt(mmioSpteLo(layout, gpaLo, generation) >>> 0);
}

/** Low word of an MMIO SPTE. */
export function mmioSpteLo(layout: MmioSpteLayout, gpaLo: number, generation: number): number {
  const kept = generation >>> layout.droppedBits;
  const low = kept & ((1 << layout.lowBits) - 1);
  return (gpaLo & 0xffff_f000) | (low << lowShift) | layout.markerLo;
}

/** High word of an MMIO SPTE. */
export function mmioSpteHi(layout: MmioSpteLayout, gpaHi: number, generation: number): number {
  const kept = generation >>> layout.droppedBits;
  return (gpaHi & 0xf_ffff) | ((kept >>> layout.lowBits) << layout.highShift) | layout.markerHi;
}

/** Whether an entry is marked MMIO. */
export function isMmioSpte(layout: MmioSpteLayout, lo: number, hi: number): boolean {
  return (lo & layout.maskLo) === layout.markerLo && ((hi ^ layout.markerHi) & layout.maskHi) === 0;
}

/** The generation an MMIO SPTE carries, dropped bits 0. */
export function mmioSpteGeneration(layout: MmioSpteLayout, lo: number, hi: number): number {
  const low = (lo >>> lowShift) & ((1 << layout.lowBits) - 1);
  const highBits = layout.generationBits - layout.droppedBits - layout.lowBits;
  const high = (hi >>> layout.highShift) & ((1 << highBits) - 1);
  return (high << layout.lowBits | low) << layout.droppedBits;
}
