/**
 * The ring in which coalesced writes wait for userspace.
 *
 * @module
 */
import { type BusRules, type CoalescedMmio, decodeCoalescedMmio } from "@ioeventfd/uapi";
import type { KernelReport } from "./kernel_report.ts";

// KERNEL 6.19 include/uapi/linux/kvm.h KVM_COALESCED_MMIO_MAX
/** Entries of the ring, one of which always stays empty. */
export const KVM_COALESCED_MMIO_MAX = 170;

const HEADER_WORDS = 2, ENTRY_WORDS = 6;

interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array;
}

function newPage(): Page {
  const bytes = new Uint8Array(4096);
  return { bytes, words: new Uint32Array(bytes.buffer) };
}

/** One write that waits. */
export interface CoalescedWrite {
  /** Guest physical address or port (u64). */
  readonly addr: bigint;
  /** Bytes. */
  readonly len: number;
  /** 1 for a port, in releases that say so. */
  readonly pio: number;
  /** Value, zero-extended (u64). */
  readonly data: bigint;
}

/**
 * The page shared with userspace: `struct kvm_coalesced_mmio_ring`. Userspace reads entries from `first` on and moves
 * `first`; the kernel fills the one at `last` and moves `last`. Nothing stops userspace from writing either.
 *
 * @example
 * ```ts
 * import { CoalescedRing } from "@ioeventfd/kvm-core";
 * import { latestRelease } from "@ioeventfd/uapi";
 *
 * const ring = new CoalescedRing(latestRelease.bus);
 * ring.push(0xa0000, 0, 4, 0x1234, 0, 0);
 * const [write] = ring.drain();
 * if (write?.addr !== 0xa0000n || write.data !== 0x1234n) throw new Error("one write waits");
 * ```
 */
export class CoalescedRing {
  #page: Page | null = null; // most VMs never look at theirs
  readonly #rules: BusRules;
  readonly #report: (report: KernelReport) => void;

  /**
   * An empty ring.
   *
   * @param rules The bus rules of a kernel release
   * @param report Told of writes out of bounds
   */
  constructor(rules: BusRules, report: (report: KernelReport) => void = () => {}) {
    this.#rules = rules;
    this.#report = report;
  }

  /** The page itself, 4096 bytes. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#pageNow().bytes;
  }

  /** Index of the oldest entry (u32), which userspace moves. */
  get first(): number {
    return this.#pageNow().words[0]!;
  }

  set first(index: number) {
    this.#pageNow().words[0] = index;
  }

  /** Index of the entry to be filled next (u32). */
  get last(): number {
    return this.#pageNow().words[1]!;
  }

  set last(index: number) {
    this.#pageNow().words[1] = index;
  }

  // KERNEL 3.16, 5.15 virt/kvm/coalesced_mmio.c coalesced_mmio_has_room; 6.19 coalesced_mmio_write
  /** Whether one more write fits. */
  get hasRoom(): boolean {
    const { first, last } = this;
    if (this.#rules.coalescedRingChecksLast && last >= KVM_COALESCED_MMIO_MAX) return false;
    if (this.#rules.coalescedRingFull === "unsigned-remainder") {
      return ((first - last - 1) >>> 0) % KVM_COALESCED_MMIO_MAX !== 0;
    }
    return (last + 1) % KVM_COALESCED_MMIO_MAX !== first;
  }

  // KERNEL 6.19 virt/kvm/coalesced_mmio.c coalesced_mmio_write
  /**
   * Adds a write. Bytes of the entry's data behind the length keep what an earlier write left. Where the release trusts a `last` outside of the ring, the write is out of bounds: here it is lost, and
   * reported.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes, 1 to 8
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @param pio 1 for a port
   * @returns False when there is no room
   */
  push(lo: number, hi: number, len: number, vlo: number, vhi: number, pio: number): boolean {
    if (!this.hasRoom) return false;
    const last = this.last;
    if (last < KVM_COALESCED_MMIO_MAX) {
      const at = HEADER_WORDS + last * ENTRY_WORDS;
      const { words } = this.#pageNow();
      words[at] = lo;
      words[at + 1] = hi;
      words[at + 2] = len;
      if (this.#rules.coalescedPio) words[at + 3] = pio;
      words[at + 4] = firstBytes(len, vlo, words[at + 4]!);
      words[at + 5] = firstBytes(len - 4, vhi, words[at + 5]!);
    } else {
      const detail = `A coalesced write went to entry 0x${last.toString(16)} of 0xaa`;
      this.#report({ kind: "out-of-bounds", quirk: "coalesced-oob", detail });
    }
    this.last = (last + 1) % KVM_COALESCED_MMIO_MAX;
    return true;
  }

  /**
   * What userspace does after each exit: takes the entries from `first` to `last`.
   *
   * @returns The writes, oldest first; none when either index is outside of the ring
   */
  drain(): CoalescedWrite[] {
    return this.take().map(({ physAddr, len, pio, data }) => ({
      addr: physAddr,
      len,
      pio,
      data: BigInt.asUintN(
        8 * Math.min(len, 8),
        new DataView(data.buffer, data.byteOffset).getBigUint64(0, true),
      ),
    }));
  }

  /**
   * {@linkcode CoalescedRing.drain} in the ABI's spelling: all 8 bytes of data as they are, whatever the length.
   *
   * @returns The writes, oldest first; none when either index is outside of the ring
   */
  take(): CoalescedMmio[] {
    const writes: CoalescedMmio[] = [];
    const { last } = this;
    if (last >= KVM_COALESCED_MMIO_MAX || this.first >= KVM_COALESCED_MMIO_MAX) return writes;
    while (this.first !== last) {
      const at = (HEADER_WORDS + this.first * ENTRY_WORDS) * 4;
      writes.push(decodeCoalescedMmio(this.#pageNow().bytes.slice(at, at + ENTRY_WORDS * 4)));
      this.first = (this.first + 1) % KVM_COALESCED_MMIO_MAX;
    }
    return writes;
  }

  #pageNow(): Page {
    this.#page ??= newPage();
    return this.#page;
  }
}

/** A word whose first bytes are those of a value, and whose others stay. */
function firstBytes(count: number, value: number, word: number): number {
  if (count <= 0) return word;
  if (count >= 4) return value;
  const mask = (1 << count * 8) - 1;
  return (word & ~mask) | (value & mask);
}
