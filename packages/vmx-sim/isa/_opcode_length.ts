import type { CpuMode } from "./contract.ts";
import { MODRM, type Opcode, SILICON } from "./_opcode.ts";
import { MAP_38 } from "./_table_38.ts";
import { ONE_BYTE } from "./_table_one_byte.ts";
import { TWO_BYTE } from "./_table_two_byte.ts";

type Entry = Opcode | null | undefined;

/** Some instruction of an entry is known to KVM's emulator, so that it fetches ModRM before it gives up on the rest. */
function isKnown(entry: Entry): boolean {
  if (!entry) return false;
  return entry.choices === null ? (entry.form & SILICON) === 0 : entry.choices.some(isKnown);
}

function hasModrm(entry: Entry): boolean {
  return !!entry && ((entry.form & MODRM) !== 0 || !!entry.choices?.some(hasModrm));
}

// KERNEL 6.19 arch/x86/kvm/emulate.c x86_decode_insn: up to its check of NotImpl
/**
 * Bytes that KVM's decoder has taken when it finds out that it does not know the instruction: prefixes, opcode, and
 * ModRM where its table has one.
 *
 * @param bytes What was fetched
 * @param length How many of them
 */
export function opcodeLength(bytes: Uint8Array, length: number, mode: CpuMode): number {
  let at = 0;
  for (; at < length; at++) {
    const byte = bytes[at]!;
    const isRex = mode === "prot64" && (byte & 0xf0) === 0x40;
    const isLegacy = (byte & 0xe7) === 0x26 || byte >= 0x64 && byte <= 0x67 || byte === 0xf0 ||
      byte === 0xf2 || byte === 0xf3;
    if (!isRex && !isLegacy) break;
  }
  let entry: Entry = ONE_BYTE[bytes[at++]!];
  if (bytes[at - 1] === 0x0f && at < length) {
    entry = TWO_BYTE[bytes[at++]!];
    if (bytes[at - 1] === 0x38 && at < length) entry = MAP_38[bytes[at++]!];
  }
  if (isKnown(entry) && hasModrm(entry)) at++;
  return Math.min(at, length);
}
