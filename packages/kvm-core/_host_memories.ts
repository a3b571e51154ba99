import type { HostMemory } from "@ioeventfd/uapi";
import { checkInteger } from "./_requests.ts";

const PAGE = 4096;
const FIRST = 0x7f00_0000_0000n;

/** Memory of the process, allocated upwards with a page between the pieces. */
export class HostMemories {
  readonly #pieces: HostMemory[] = [];
  #next = FIRST;

  allocate(size: number): HostMemory {
    checkInteger(size, "Size", 1, 2 ** 40);
    const whole = Math.ceil(size / PAGE) * PAGE;
    const piece = { hva: this.#next, bytes: new Uint8Array(whole) };
    this.#next += BigInt(whole + PAGE);
    this.#pieces.push(piece);
    return piece;
  }

  at(hva: bigint, size: bigint): Uint8Array | null {
    for (const piece of this.#pieces) {
      const from = hva - piece.hva;
      if (from < 0n || from + size > BigInt(piece.bytes.length)) continue;
      return piece.bytes.subarray(Number(from), Number(from + size));
    }
    return null;
  }
}
