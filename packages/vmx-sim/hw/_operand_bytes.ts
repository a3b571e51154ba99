/**
 * Operands between an access port and a page of guest memory.
 *
 * @module
 */
import { readWord } from "../mmu/guest_memory.ts";

/** Operand bytes from a page. */
export function copyIn(
  data: Uint8Array,
  words: Int32Array,
  bytes: Uint8Array,
  from: number,
  size: number,
): void {
  if (size === 4) words[0] = readWord(bytes, from);
  else if (size === 8) {
    words[0] = readWord(bytes, from);
    words[1] = readWord(bytes, from + 4);
  } else for (let i = 0; i < size; i++) data[i] = bytes[from + i]!;
}

/** Operand bytes to a page. */
export function copyOut(
  data: Uint8Array,
  words: Int32Array,
  bytes: Uint8Array,
  to: number,
  size: number,
): void {
  if (size === 1) bytes[to] = data[0]!;
  else if (size === 4) {
    const word = words[0]!;
    bytes[to] = word;
    bytes[to + 1] = word >>> 8;
    bytes[to + 2] = word >>> 16;
    bytes[to + 3] = word >>> 24;
  } else for (let i = 0; i < size; i++) bytes[to + i] = data[i]!;
}
