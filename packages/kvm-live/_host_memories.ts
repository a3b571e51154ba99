import type { HostMemory } from "@ioeventfd/uapi";
import type { Libc } from "./_libc.ts";

const PAGE = 4096;

interface Known {
  readonly buffer: WeakRef<ArrayBufferLike>;
  readonly size: number;
}

/**
 * Memory handed out for slots. The bytes live in array buffers, which never move; a slot holds on to its buffer, and a
 * buffer in no slot and no hand is the garbage collector's.
 */
export class HostMemories {
  readonly #libc: Libc;
  readonly #known = new Map<bigint, Known>();
  #sweepAt = 64;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Page-aligned memory, zero at first. */
  allocate(size: number): HostMemory {
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw new RangeError(`Memory takes a positive whole number of bytes: got ${size}`);
    }
    const whole = new Uint8Array(Math.ceil(size / PAGE) * PAGE + PAGE);
    const start = this.#libc.call.addressOf(whole, whole, 0n);
    const skip = (PAGE - Number(start & 0xfffn)) % PAGE;
    const memory: HostMemory = {
      hva: start + BigInt(skip),
      bytes: whole.subarray(skip, skip + size),
    };
    this.#sweep();
    this.#known.set(memory.hva, { buffer: new WeakRef(whole.buffer), size });
    return memory;
  }

  /**
   * The memory that an address is in, to be held while a slot uses it; none for an address from elsewhere.
   *
   * @throws {RangeError} when the slot would reach beyond the memory's end
   */
  find(hva: bigint, size: bigint): ArrayBufferLike | undefined {
    for (const [start, known] of this.#known) {
      const end = start + BigInt(known.size);
      if (hva < start || hva >= end) continue;
      const buffer = known.buffer.deref();
      if (buffer === undefined) continue;
      if (hva + size <= end) return buffer;
      throw new RangeError(
        `Slot of 0x${size.toString(16)} bytes at 0x${
          hva.toString(16)
        } reaches beyond its memory, ` +
          `which ends at 0x${end.toString(16)}`,
      );
    }
    return undefined;
  }

  #sweep(): void {
    if (this.#known.size < this.#sweepAt) return;
    for (const [hva, { buffer }] of this.#known) {
      if (buffer.deref() === undefined) this.#known.delete(hva);
    }
    this.#sweepAt = 64 + this.#known.size * 2;
  }
}
