import * as alu from "./_alu.ts";
import * as bit from "./_bit.ts";
import * as branch from "./_branch.ts";
import { undefinedOpcode } from "./_fault.ts";
import * as flags from "./_flag_control.ts";
import * as move from "./_move.ts";
import * as multiply from "./_multiply.ts";
import {
  BYTE,
  group,
  IMM8,
  IMMZ,
  LOCK,
  MEMORY,
  MODRM,
  NO66,
  op,
  type Opcode,
  OPREG,
  prefixed,
  SILICON,
  WIDE,
} from "./_opcode.ts";
import * as shift from "./_shift.ts";

const table: (Opcode | null)[] = new Array(256).fill(null);

const CONDITIONS = "o no b ae e ne be a s ns p np l ge le g".split(" ");
CONDITIONS.forEach((name, code) => {
  table[0x40 + code] = op(`cmov${name}`, move.moveConditional, MODRM, code);
  table[0x80 + code] = op(`j${name}`, branch.jumpConditional, IMMZ | WIDE, code);
  table[0x90 + code] = op(`set${name}`, move.setConditional, MODRM | BYTE, code);
});

table[0x0b] = op("ud2", undefinedOpcode);
table[0x0d] = op("prefetchw", flags.nothing, MODRM | MEMORY, 0, -1);
table[0x18] = op("prefetch", flags.nothing, MODRM, 0, -1);
for (let byte = 0x19; byte <= 0x1f; byte++) table[byte] = op("nop", flags.nothing, MODRM, 0, -1);
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
table[0xc3] = op("movnti", move.moveToOperand, MODRM | MEMORY | NO66);

/** Opcodes after 0F; null where this decoder knows nothing. */
export const TWO_BYTE: readonly (Opcode | null)[] = table;
