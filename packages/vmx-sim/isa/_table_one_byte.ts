import * as alu from "./_alu.ts";
import * as branch from "./_branch.ts";
import { CONDITIONS } from "./_condition.ts";
import * as decimal from "./_decimal.ts";
import * as far from "./_far.ts";
import { undefinedOpcode } from "./_fault.ts";
import * as flags from "./_flag_control.ts";
import * as io from "./_io.ts";
import * as move from "./_move.ts";
import * as multiply from "./_multiply.ts";
import {
  BYTE,
  FAR,
  group,
  IMM16,
  IMM8,
  IMMV,
  IMMZ,
  IMPLICIT,
  LOCK,
  MAX4,
  MEMORY,
  MODRM,
  MOFFS,
  NARROW,
  NO64,
  NONE,
  op,
  type Opcode,
  OPREG,
  OTHER32,
  OTHER64,
  POINTER,
  SILICON,
  split,
  STACK,
  STRING,
  TWO,
  WIDE,
} from "./_opcode.ts";
import * as segment from "./_segment.ts";
import * as shift from "./_shift.ts";
import * as stack from "./_stack.ts";
import * as string from "./_string.ts";
import * as system from "./_system.ts";
import { X87 } from "./_table_x87.ts";
import { wait } from "./_fpu.ts";
import { CS, DS, ES, SS } from "./contract.ts";

const table: (Opcode | null)[] = new Array(256).fill(null);

const ALU = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"] as const;
const SHIFTS = ["rol", "ror", "rcl", "rcr", "shl", "shr", "shl", "sar"] as const;

ALU.forEach((name, kind) => {
  const at = kind << 3;
  const lock = name === "cmp" ? 0 : LOCK;
  table[at] = op(name, alu.aluOperandRegister, MODRM | BYTE | lock, kind);
  table[at + 1] = op(name, alu.aluOperandRegister, MODRM | lock, kind);
  table[at + 2] = op(name, alu.aluRegisterOperand, MODRM | BYTE, kind);
  table[at + 3] = op(name, alu.aluRegisterOperand, MODRM, kind);
  table[at + 4] = op(name, alu.aluAccumulator, BYTE | IMM8, kind);
  table[at + 5] = op(name, alu.aluAccumulator, IMMZ, kind);
});

function aluGroup(form: number): Opcode {
  return group(
    ...ALU.map((name, kind) =>
      op(name, alu.aluOperandImmediate, MODRM | form | (name === "cmp" ? 0 : LOCK), kind)
    ),
  );
}
table[0x80] = aluGroup(BYTE | IMM8);
table[0x81] = aluGroup(IMMZ);
table[0x82] = aluGroup(BYTE | IMM8 | NO64);
table[0x83] = aluGroup(IMM8);

for (let r = 0; r < 8; r++) {
  table[0x40 + r] = op("inc", alu.increment, OPREG | NO64, 0);
  table[0x48 + r] = op("dec", alu.increment, OPREG | NO64, 1);
  table[0x50 + r] = op("push", stack.pushRegister, OPREG | STACK);
  table[0x58 + r] = op("pop", stack.popRegister, OPREG | STACK);
  table[0x90 + r] = op("xchg", move.exchangeAccumulator, OPREG);
  table[0xb0 + r] = op("mov", move.moveRegisterImmediate, OPREG | BYTE | IMM8);
  table[0xb8 + r] = op("mov", move.moveRegisterImmediate, OPREG | IMMV);
}
CONDITIONS.forEach((name, code) => {
  table[0x70 + code] = op(`j${name}`, branch.jumpConditional, IMM8 | WIDE, code);
});

table[0x06] = op("push", stack.pushSegment, STACK | NO64, ES);
table[0x07] = op("pop", segment.popSegment, STACK | NO64, ES);
table[0x0e] = op("push", stack.pushSegment, STACK | NO64, CS);
table[0x16] = op("push", stack.pushSegment, STACK | NO64, SS);
table[0x17] = op("pop", segment.popSegment, STACK | NO64, SS);
table[0x1e] = op("push", stack.pushSegment, STACK | NO64, DS);
table[0x1f] = op("pop", segment.popSegment, STACK | NO64, DS);
table[0x27] = op("daa", decimal.adjustDecimal, NO64 | SILICON, 0);
table[0x2f] = op("das", decimal.adjustDecimal, NO64, 1);
table[0x37] = op("aaa", decimal.adjustAscii, NO64 | SILICON, 0);
table[0x3f] = op("aas", decimal.adjustAscii, NO64 | SILICON, 1);
table[0x60] = op("pusha", stack.pushAll, NO64);
table[0x61] = op("popa", stack.popAll, NO64);
table[0x63] = op("movsxd", move.moveExtend, MODRM | OTHER32, -4, NARROW);
table[0x68] = op("push", stack.pushImmediate, IMMZ | STACK);
table[0x69] = op("imul", multiply.multiplyRegister, MODRM | IMMZ, 1);
table[0x6a] = op("push", stack.pushImmediate, IMM8 | STACK);
table[0x6b] = op("imul", multiply.multiplyRegister, MODRM | IMM8, 1);
table[0x84] = op("test", alu.testRegister, MODRM | BYTE);
table[0x85] = op("test", alu.testRegister, MODRM);
table[0x86] = op("xchg", move.exchange, MODRM | BYTE | LOCK);
table[0x87] = op("xchg", move.exchange, MODRM | LOCK);
table[0x88] = op("mov", move.moveToOperand, MODRM | BYTE);
table[0x89] = op("mov", move.moveToOperand, MODRM);
table[0x8a] = op("mov", move.moveToRegister, MODRM | BYTE);
table[0x8b] = op("mov", move.moveToRegister, MODRM);
table[0x8c] = op("mov", segment.storeSegmentRegister, MODRM, 0, 2);
table[0x8e] = op("mov", segment.loadSegmentRegister, MODRM, 0, 2);
table[0x8d] = op("lea", move.loadAddress, MODRM | MEMORY, 0, -1);
table[0x8f] = group(op("pop", stack.popOperand, MODRM | STACK | TWO), ...nulls(7));
table[0x98] = op("cbw", move.extendAccumulator);
table[0x99] = op("cwd", move.extendIntoData);
table[0x9a] = op("call", far.farImmediate, FAR | NO64, 1);
table[0x9b] = op("wait", wait, SILICON);
table[0x9c] = op("pushf", stack.pushFlags, STACK);
table[0x9d] = op("popf", stack.popFlags, STACK);
table[0x9e] = op("sahf", flags.flagsInAh, 0, 1);
table[0x9f] = op("lahf", flags.flagsInAh, 0, 0);
table[0xa0] = op("mov", move.moveOffset, BYTE | MOFFS, 0);
table[0xa1] = op("mov", move.moveOffset, MOFFS, 0);
table[0xa2] = op("mov", move.moveOffset, BYTE | MOFFS, 1);
table[0xa3] = op("mov", move.moveOffset, MOFFS, 1);
table[0xa8] = op("test", alu.testAccumulator, BYTE | IMM8);
table[0xa9] = op("test", alu.testAccumulator, IMMZ);

function stringPair(at: number, name: string, run: Opcode["run"], form: number): void {
  table[at] = op(name, run, STRING | BYTE | form);
  table[at + 1] = op(name, run, STRING | form);
}
stringPair(0x6c, "ins", string.inputString, MAX4);
stringPair(0x6e, "outs", string.outputString, MAX4);
stringPair(0xa4, "movs", string.moveString, TWO);
stringPair(0xa6, "cmps", string.compareString, TWO);
stringPair(0xaa, "stos", string.storeString, 0);
stringPair(0xac, "lods", string.loadString, 0);
stringPair(0xae, "scas", string.scanString, 0);

function shiftGroup(run: Opcode["run"], form: number): Opcode {
  return group(...SHIFTS.map((name, kind) => op(name, run, MODRM | form, kind)));
}
table[0xc0] = shiftGroup(shift.shiftImmediate, BYTE | IMM8);
table[0xc1] = shiftGroup(shift.shiftImmediate, IMM8);
table[0xd0] = shiftGroup(shift.shiftOne, BYTE);
table[0xd1] = shiftGroup(shift.shiftOne, 0);
table[0xd2] = shiftGroup(shift.shiftCount, BYTE);
table[0xd3] = shiftGroup(shift.shiftCount, 0);

table[0xc2] = op("ret", branch.returnNear, IMM16 | WIDE);
table[0xc3] = op("ret", branch.returnNear, WIDE);
table[0xc4] = split(eight(les(ES, "les")), nulls(8));
table[0xc5] = split(eight(les(DS, "lds")), nulls(8));
// KERNEL 6.19 arch/x86/kvm/emulate.c group5, group11: what is undefined there it knows, and has no immediate
const absent = op("ud", undefinedOpcode, MODRM, 0, NONE);
const seven = new Array<Opcode>(7).fill(absent);
table[0xc6] = group(op("mov", move.moveImmediate, MODRM | BYTE | IMM8), ...seven);
table[0xc7] = group(op("mov", move.moveImmediate, MODRM | IMMZ), ...seven);
table[0xc8] = op("enter", stack.enter, IMM16 | IMM8 | STACK);
table[0xc9] = op("leave", stack.leave, STACK);
table[0xca] = op("retf", far.returnFar, IMM16);
table[0xcb] = op("retf", far.returnFar);
table[0xcc] = op("int3", system.interrupt, 0, 3);
table[0xcd] = op("int", system.interrupt, IMM8, -1);
table[0xce] = op("into", system.interrupt, NO64, 4);
table[0xcf] = op("iret", far.returnInterrupt);
table[0xd4] = op("aam", decimal.adjustAfterMultiply, IMM8 | BYTE | NO64);
table[0xd5] = op("aad", decimal.adjustBeforeDivide, IMM8 | BYTE | NO64);
table[0xd6] = op("salc", decimal.setFromCarry, NO64);
table[0xd7] = op("xlat", move.translate, BYTE | IMPLICIT);
X87.forEach((entry, i) => table[0xd8 + i] = entry);
table[0xe0] = op("loopne", branch.loop, IMM8 | WIDE, 0);
table[0xe1] = op("loope", branch.loop, IMM8 | WIDE, 1);
table[0xe2] = op("loop", branch.loop, IMM8 | WIDE, 2);
table[0xe3] = op("jcxz", branch.jumpCounterZero, IMM8 | WIDE);
table[0xe4] = op("in", io.input, BYTE | IMM8, 0);
table[0xe5] = op("in", io.input, IMM8 | MAX4, 0);
table[0xe6] = op("out", io.output, BYTE | IMM8, 0);
table[0xe7] = op("out", io.output, IMM8 | MAX4, 0);
table[0xe8] = op("call", branch.call, IMMZ | WIDE);
table[0xe9] = op("jmp", branch.jump, IMMZ | WIDE);
table[0xea] = op("jmp", far.farImmediate, FAR | NO64, 0);
table[0xeb] = op("jmp", branch.jump, IMM8 | WIDE);
table[0xec] = op("in", io.input, BYTE, 1);
table[0xed] = op("in", io.input, MAX4, 1);
table[0xee] = op("out", io.output, BYTE, 1);
table[0xef] = op("out", io.output, MAX4, 1);
table[0xf1] = op("int1", system.interrupt, 0, 1);
table[0xf4] = op("hlt", flags.halt);
table[0xf5] = op("cmc", flags.changeFlag, 0, 2);
table[0xf6] = unaryGroup(BYTE, IMM8);
table[0xf7] = unaryGroup(0, IMMZ);
table[0xf8] = op("clc", flags.changeFlag, 0, 0);
table[0xf9] = op("stc", flags.changeFlag, 0, 1);
table[0xfa] = op("cli", flags.changeInterruptFlag, 0, 0);
table[0xfb] = op("sti", flags.changeInterruptFlag, 0, 1);
table[0xfc] = op("cld", flags.changeFlag, 0, 3);
table[0xfd] = op("std", flags.changeFlag, 0, 4);
table[0xfe] = group(
  op("inc", alu.increment, MODRM | BYTE | LOCK, 0),
  op("dec", alu.increment, MODRM | BYTE | LOCK, 1),
  ...nulls(6),
);
table[0xff] = group(
  op("inc", alu.increment, MODRM | LOCK, 0),
  op("dec", alu.increment, MODRM | LOCK, 1),
  op("call", branch.callIndirect, MODRM | WIDE),
  op("call", far.farIndirect, MODRM | MEMORY, 1, POINTER),
  op("jmp", branch.jumpIndirect, MODRM | WIDE),
  op("jmp", far.farIndirect, MODRM | MEMORY, 0, POINTER),
  op("push", stack.pushOperand, MODRM | STACK | TWO),
  absent,
);

/** LES and LDS; with a register, and in 64-bit mode always, the byte starts a VEX prefix. */
function les(register: number, name: string): Opcode {
  return op(name, segment.loadFar, MODRM | OTHER64, register, POINTER);
}

function eight(entry: Opcode): Opcode[] {
  return new Array(8).fill(entry);
}

function nulls(count: number): null[] {
  return new Array(count).fill(null);
}

function unaryGroup(form: number, immediate: number): Opcode {
  const test = op("test", alu.testImmediate, MODRM | form | immediate);
  return group(
    test,
    test,
    op("not", alu.invert, MODRM | form | LOCK),
    op("neg", alu.negate, MODRM | form | LOCK),
    op("mul", multiply.multiply, MODRM | form, 0),
    op("imul", multiply.multiply, MODRM | form, 1),
    op("div", multiply.divide, MODRM | form, 0),
    op("idiv", multiply.divide, MODRM | form, 1),
  );
}

/** Opcodes of one byte; null where this decoder knows nothing. */
export const ONE_BYTE: readonly (Opcode | null)[] = table;
