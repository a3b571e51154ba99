import { hex } from "@ioeventfd/uapi";
import type { HostMemory } from "@ioeventfd/uapi";
import type { Libc } from "./_libc.ts";

const PAGE = 4096;

/**
 * Memory handed out for slots. The bytes live in array buffers, which never move and are held here until they are
 * released; a slot holds its buffer too. Weak references would not do: a turn of the event loop keeps all that it made.
 */
export class HostMemories {
  readonly #libc: Libc;
  readonly #held = new Map<bigint, Uint8Array>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Page-aligned memory, zero at first. */
  allocate(size: number): HostMemory & Disposable {
    if (!Number.isSafeInteger(size) || size <= 0) {
      throw new RangeError(`Memory takes a positive whole number of bytes: got ${size}`);
    }
    const whole = new Uint8Array(Math.ceil(size / PAGE) * PAGE + PAGE);
    const start = this.#libc.call.addressOf(whole, whole, 0n);
    const skip = (PAGE - Number(start & 0xfffn)) % PAGE;
    const hva = start + BigInt(skip);
    const bytes = whole.subarray(skip, skip + size);
    this.#held.set(hva, bytes);
    return { hva, bytes, [Symbol.dispose]: () => this.#release(hva, bytes) };
  }

  /**
   * The memory that an address is in, to be held while a slot uses it; none for an address from elsewhere.
   *
   * @throws {RangeError} when the slot would reach beyond the memory's end
   */
  find(hva: bigint, size: bigint): Uint8Array | undefined {
    for (const [start, bytes] of this.#held) {
      const end = start + BigInt(bytes.length);
      if (hva < start || hva >= end) continue;
      if (hva + size <= end) return bytes;
      throw new RangeError(
        `Slot of ${hex(size)} bytes at ${hex(hva)} reaches beyond its memory, ` +
          `which ends at ${hex(end)}`,
      );
    }
    return undefined;
  }

  /** Lets go of everything. */
  releaseAll(): void {
    this.#held.clear();
  }

  #release(hva: bigint, bytes: Uint8Array): void {
    if (this.#held.get(hva) === bytes) this.#held.delete(hva);
  }
}
