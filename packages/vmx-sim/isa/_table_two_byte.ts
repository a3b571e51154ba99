import * as alu from "./_alu.ts";
import * as bit from "./_bit.ts";
import * as branch from "./_branch.ts";
import { CONDITIONS } from "./_condition.ts";
import { undefinedOpcode } from "./_fault.ts";
import * as flags from "./_flag_control.ts";
import { saveFpu } from "./_fpu.ts";
import * as move from "./_move.ts";
import * as multiply from "./_multiply.ts";
import {
  BYTE,
  FORCED,
  group,
  IMM8,
  IMMZ,
  LOCK,
  MEMORY,
  MODRM,
  NO66,
  NONE,
  op,
  type Opcode,
  OPREG,
  PAIR,
  POINTER,
  prefixed,
  SILICON,
  split,
  STACK,
  TABLE,
  WIDE,
} from "./_opcode.ts";
import * as segment from "./_segment.ts";
import * as shift from "./_shift.ts";
import * as stack from "./_stack.ts";
import * as system from "./_system.ts";
import { VECTOR } from "./_table_vector.ts";
import { compareExchangePair } from "./_wide_exchange.ts";
import { FS, GS, SS } from "./contract.ts";
import { unimplemented } from "./instruction.ts";
import { moveMxcsr } from "./_vector.ts";

const table: (Opcode | null)[] = new Array(256).fill(null);

CONDITIONS.forEach((name, code) => {
  table[0x40 + code] = op(`cmov${name}`, move.moveConditional, MODRM, code);
  table[0x80 + code] = op(`j${name}`, branch.jumpConditional, IMMZ | WIDE, code);
  table[0x90 + code] = op(`set${name}`, move.setConditional, MODRM | BYTE, code);
});

const none = null;

table[0x00] = group(
  op("sldt", segment.storeSystemSelector, MODRM, 0, 2),
  op("str", segment.storeSystemSelector, MODRM, 1, 2),
  op("lldt", system.loadSystemSegment, MODRM, 0, 2),
  op("ltr", system.loadSystemSegment, MODRM, 1, 2),
  none,
  none,
  none,
  none,
);
const smsw = op("smsw", system.storeStatus, MODRM, 0, 2);
const lmsw = op("lmsw", system.loadStatus, MODRM, 0, 2);
// KVM's emulator never finishes SGDT and SIDT to MMIO, so neither counts as one it knows.
table[0x01] = split(
  [
    op("sgdt", system.storeTable, MODRM | SILICON, 0, TABLE),
    op("sidt", system.storeTable, MODRM | SILICON, 1, TABLE),
    op("lgdt", system.loadTable, MODRM, 0, TABLE),
    op("lidt", system.loadTable, MODRM, 1, TABLE),
    smsw,
    none,
    lmsw,
    op("invlpg", system.invalidate, MODRM, 0, NONE),
  ],
  [none, none, none, none, smsw, none, lmsw, none],
);
table[0x06] = op("clts", system.clearTaskSwitched);
table[0x08] = op("invd", system.flushCaches);
table[0x09] = op("wbinvd", system.flushCaches);
table[0x20] = op("mov", system.loadFromControl, MODRM | WIDE | FORCED);
table[0x21] = op("mov", system.moveDebug, MODRM | WIDE | FORCED, 0);
table[0x22] = op("mov", system.storeToControl, MODRM | WIDE | FORCED);
table[0x23] = op("mov", system.moveDebug, MODRM | WIDE | FORCED, 1);
table[0x30] = op("wrmsr", system.accessMsr, 0, 1);
table[0x31] = op("rdtsc", system.readTimestamp);
table[0x32] = op("rdmsr", system.accessMsr, 0, 0);
table[0xa0] = op("push", stack.pushSegment, STACK, FS);
table[0xa1] = op("pop", segment.popSegment, STACK, FS);
table[0xa2] = op("cpuid", system.identify);
table[0xa8] = op("push", stack.pushSegment, STACK, GS);
table[0xa9] = op("pop", segment.popSegment, STACK, GS);

function unprefixed(entry: Opcode): Opcode {
  return prefixed(entry, none, none, none);
}
const fence = unprefixed(op("fence", flags.nothing, MODRM));
table[0xae] = split(
  [
    unprefixed(op("fxsave", saveFpu, MODRM | SILICON, 0, 512)),
    unprefixed(op("fxrstor", unimplemented, MODRM | SILICON, 0, 512)),
    unprefixed(op("ldmxcsr", moveMxcsr, MODRM | SILICON, 0, 4)),
    unprefixed(op("stmxcsr", moveMxcsr, MODRM | SILICON, 1, 4)),
    unprefixed(op("xsave", unimplemented, MODRM | SILICON, 0, NONE)),
    unprefixed(op("xrstor", unimplemented, MODRM | SILICON, 0, NONE)),
    none,
    prefixed(
      op("clflush", system.flushLine, MODRM, 0, 1),
      op("clflushopt", system.flushLine, MODRM, 0, 1),
      none,
      none,
    ),
  ],
  [none, none, none, none, none, fence, fence, fence],
);
table[0xb2] = op("lss", segment.loadFar, MODRM | MEMORY, SS, POINTER);
table[0xb4] = op("lfs", segment.loadFar, MODRM | MEMORY, FS, POINTER);
table[0xb5] = op("lgs", segment.loadFar, MODRM | MEMORY, GS, POINTER);
table[0xc7] = group(
  none,
  op("cmpxchg8b", compareExchangePair, MODRM | MEMORY | LOCK | NO66, 0, PAIR),
  none,
  none,
  none,
  none,
  none,
  none,
);
for (const [byte, entry] of VECTOR) table[byte] = entry;

table[0x0b] = op("ud2", undefinedOpcode);
// With a register it is undefined to AMD, and a NOP to Intel and to KVM's emulator.
table[0x0d] = op("prefetchw", flags.nothing, MODRM, 0, NONE);
table[0x18] = op("prefetch", flags.nothing, MODRM, 0, NONE);
// KERNEL 6.19 arch/x86/kvm/emulate.c x86_emulate_insn: it decodes four of these and knows the last alone
for (let byte = 0x19; byte <= 0x1f; byte++) {
  const isDecoded = byte !== 0x1a && byte !== 0x1b;
  const run = byte === 0x1f ? flags.nothing : flags.nothingInSilicon;
  table[byte] = op("nop", run, MODRM | (isDecoded ? 0 : SILICON), 0, NONE);
}
for (let r = 0; r < 8; r++) table[0xc8 + r] = op("bswap", move.swapBytes, OPREG);

table[0xa3] = op("bt", bit.bitRegister, MODRM, 0);
table[0xab] = op("bts", bit.bitRegister, MODRM | LOCK, 1);
table[0xb3] = op("btr", bit.bitRegister, MODRM | LOCK, 2);
table[0xbb] = op("btc", bit.bitRegister, MODRM | LOCK, 3);
table[0xba] = group(
  null,
  null,
  null,
  null,
  op("bt", bit.bitImmediate, MODRM | IMM8, 0),
  op("bts", bit.bitImmediate, MODRM | IMM8 | LOCK, 1),
  op("btr", bit.bitImmediate, MODRM | IMM8 | LOCK, 2),
  op("btc", bit.bitImmediate, MODRM | IMM8 | LOCK, 3),
);
table[0xb8] = prefixed(null, null, op("popcnt", bit.countOnes, MODRM | SILICON), null);
table[0xbc] = op("bsf", bit.bitScan, MODRM, 0);
table[0xbd] = op("bsr", bit.bitScan, MODRM, 1);

table[0xa4] = op("shld", shift.shiftDouble, MODRM | IMM8, 0);
table[0xa5] = op("shld", shift.shiftDouble, MODRM, 2);
table[0xac] = op("shrd", shift.shiftDouble, MODRM | IMM8, 1);
table[0xad] = op("shrd", shift.shiftDouble, MODRM, 3);
table[0xaf] = op("imul", multiply.multiplyRegister, MODRM, 0);
table[0xb0] = op("cmpxchg", alu.compareExchange, MODRM | BYTE | LOCK);
table[0xb1] = op("cmpxchg", alu.compareExchange, MODRM | LOCK);
table[0xb6] = op("movzx", move.moveExtend, MODRM, 1, 1);
table[0xb7] = op("movzx", move.moveExtend, MODRM, 2, 2);
table[0xbe] = op("movsx", move.moveExtend, MODRM, -1, 1);
table[0xbf] = op("movsx", move.moveExtend, MODRM, -2, 2);
table[0xc0] = op("xadd", alu.exchangeAdd, MODRM | BYTE | LOCK);
table[0xc1] = op("xadd", alu.exchangeAdd, MODRM | LOCK);
const movnti = op("movnti", move.moveToOperand, MODRM | MEMORY | NO66);
// The emulator does not look at its prefixes.
const prefixedMovnti = op("movnti", move.moveEmulated, MODRM | MEMORY | NO66);
table[0xc3] = prefixed(movnti, prefixedMovnti, prefixedMovnti, prefixedMovnti);

/** Opcodes after 0F; null where this decoder knows nothing. */
export const TWO_BYTE: readonly (Opcode | null)[] = table;
