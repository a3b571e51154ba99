import { MEMORY, MODRM, NO66, op, type Opcode, prefixed, SILICON } from "./_opcode.ts";
import type { Handler } from "./instruction.ts";
import {
  ALIGNED,
  emptyMmx,
  loadHalf,
  loadVector,
  MERGE,
  MMX,
  moveGeneral,
  storeVector,
  UPPER,
  xorVector,
} from "./_vector.ts";

/** A move of `kind & 31` bytes that KVM's emulator knows as well. */
function known(name: string, run: Handler, kind: number, form: number = 0): Opcode {
  return op(name, run, MODRM | form, kind, kind & 31);
}

/** A move of `kind & 31` bytes that KVM's emulator does not know. */
function silicon(name: string, run: Handler, kind: number, form: number = 0): Opcode {
  return op(name, run, MODRM | SILICON | form, kind, kind & 31);
}

function general(name: string, kind: number): Opcode {
  return op(name, moveGeneral, MODRM | SILICON | NO66, kind, 0);
}

/** Moves between vector registers and memory, by the byte after 0F. */
export const VECTOR: readonly (readonly [number, Opcode])[] = [
  [
    0x10,
    prefixed(
      known("movups", loadVector, 16),
      known("movupd", loadVector, 16),
      silicon("movss", loadVector, 4 | MERGE),
      silicon("movsd", loadVector, 8 | MERGE),
    ),
  ],
  [
    0x11,
    prefixed(
      known("movups", storeVector, 16),
      known("movupd", storeVector, 16),
      silicon("movss", storeVector, 4 | MERGE),
      silicon("movsd", storeVector, 8 | MERGE),
    ),
  ],
  [
    0x12,
    prefixed(
      silicon("movlps", loadHalf, 8),
      silicon("movlpd", loadHalf, 8, MEMORY),
      null,
      null,
    ),
  ],
  [
    0x13,
    prefixed(
      silicon("movlps", storeVector, 8, MEMORY),
      silicon("movlpd", storeVector, 8, MEMORY),
      null,
      null,
    ),
  ],
  [
    0x16,
    prefixed(
      silicon("movhps", loadHalf, 8 | UPPER),
      silicon("movhpd", loadHalf, 8 | UPPER, MEMORY),
      null,
      null,
    ),
  ],
  [
    0x17,
    prefixed(
      silicon("movhps", storeVector, 8 | UPPER, MEMORY),
      silicon("movhpd", storeVector, 8 | UPPER, MEMORY),
      null,
      null,
    ),
  ],
  [
    0x28,
    prefixed(
      known("movaps", loadVector, 16 | ALIGNED),
      known("movapd", loadVector, 16 | ALIGNED),
      null,
      null,
    ),
  ],
  [
    0x29,
    prefixed(
      known("movaps", storeVector, 16 | ALIGNED),
      known("movapd", storeVector, 16 | ALIGNED),
      null,
      null,
    ),
  ],
  [
    0x2b,
    prefixed(
      known("movntps", storeVector, 16 | ALIGNED, MEMORY),
      known("movntpd", storeVector, 16 | ALIGNED, MEMORY),
      null,
      null,
    ),
  ],
  [
    0x57,
    prefixed(
      silicon("xorps", xorVector, 16 | ALIGNED),
      silicon("xorpd", xorVector, 16 | ALIGNED),
      null,
      null,
    ),
  ],
  [0x6e, prefixed(general("movd", MMX), general("movd", 0), null, null)],
  [
    0x6f,
    prefixed(
      known("movq", loadVector, 8 | MMX),
      known("movdqa", loadVector, 16 | ALIGNED),
      known("movdqu", loadVector, 16),
      null,
    ),
  ],
  [0x77, prefixed(op("emms", emptyMmx, SILICON), null, null, null)],
  [
    0x7e,
    prefixed(
      general("movd", MMX | 1),
      general("movd", 1),
      silicon("movq", loadVector, 8),
      null,
    ),
  ],
  [
    0x7f,
    prefixed(
      known("movq", storeVector, 8 | MMX),
      known("movdqa", storeVector, 16 | ALIGNED),
      known("movdqu", storeVector, 16),
      null,
    ),
  ],
  [0xd6, prefixed(null, silicon("movq", storeVector, 8), null, null)],
  [
    0xe7,
    prefixed(
      silicon("movntq", storeVector, 8 | MMX, MEMORY),
      known("movntdq", storeVector, 16 | ALIGNED, MEMORY),
      null,
      null,
    ),
  ],
  [
    0xef,
    prefixed(
      silicon("pxor", xorVector, 8 | MMX),
      silicon("pxor", xorVector, 16 | ALIGNED),
      null,
      null,
    ),
  ],
];
