import {
  type Immediate,
  isMemory,
  isRegister,
  Label,
  type Memory,
  type Operand,
  type Register,
  showOperand,
} from "./asm_operand.ts";
import { Encoder } from "./_encoder.ts";

/** Condition of Jcc, SETcc and CMOVcc. */
export type Condition =
  | "o"
  | "no"
  | "b"
  | "c"
  | "ae"
  | "nc"
  | "e"
  | "z"
  | "ne"
  | "nz"
  | "be"
  | "a"
  | "s"
  | "ns"
  | "p"
  | "np"
  | "l"
  | "ge"
  | "le"
  | "g";

const CODES: Readonly<Record<Condition, number>> = {
  o: 0,
  no: 1,
  b: 2,
  c: 2,
  ae: 3,
  nc: 3,
  e: 4,
  z: 4,
  ne: 5,
  nz: 5,
  be: 6,
  a: 7,
  s: 8,
  ns: 9,
  p: 10,
  np: 11,
  l: 12,
  ge: 13,
  le: 14,
  g: 15,
};

/** Number of a condition in the encoding. */
export function conditionCode(condition: Condition): number {
  return CODES[condition];
}

/** The instructions that move and compute integers. */
export class IntegerAssembler extends Encoder {
  /** MOV: registers of any kind, memory, immediates, labels (their address). */
  mov(to: Register | Memory, from: Operand): void {
    const name = "mov";
    if (isRegister(to) && to.kind === "control" || isRegister(from) && from.kind === "control") {
      this.#movControl(to, from);
    } else if (isRegister(to) && to.kind === "segment") {
      if (!isRegister(from) && !isMemory(from)) throw this.#bad(name, 2, from, "an r/m16");
      this.emit(name, { opcode: [0x8e], reg: to, rm: from });
    } else if (isRegister(from) && from.kind === "segment") {
      const size = isRegister(to) && to.size !== 2 ? to.size : isRegister(to) ? 2 : 0;
      this.emit(name, { opcode: [0x8c], size, reg: from, rm: to });
    } else if (isRegister(from)) this.#movFromRegister(to, from);
    else if (isMemory(from)) this.#movFromMemory(to, from);
    else this.#movImmediate(to, from);
  }

  #movControl(to: Operand, from: Operand): void {
    if (!isRegister(to) || !isRegister(from)) {
      throw this.#bad("mov", isRegister(to) ? 2 : 1, isRegister(to) ? from : to, "a register");
    }
    const load = from.kind === "control";
    const [control, general] = load ? [from, to] : [to, from];
    const size = this.bits === 64 ? 8 : 4;
    if (general.kind !== "general" || general.size !== size) {
      throw this.#bad("mov", load ? 1 : 2, general, `a ${size * 8}-bit register`);
    }
    const opcode = [0x0f, load ? 0x20 : 0x22];
    this.emit("mov", { opcode, reg: control, rm: general });
  }

  #movFromRegister(to: Register | Memory, from: Register): void {
    const size = this.sizeOf("mov", to, from);
    if (isMemory(to) && this.#isOffset(to, from)) {
      this.#movOffset(size === 1 ? 0xa2 : 0xa3, to, size);
    } else this.emit("mov", { opcode: [size === 1 ? 0x88 : 0x89], size, reg: from, rm: to });
  }

  #movFromMemory(to: Register | Memory, from: Memory): void {
    if (!isRegister(to)) throw this.#bad("mov", 1, to, "a register when operand 2 is memory");
    const size = this.sizeOf("mov", to, from);
    if (this.#isOffset(from, to)) this.#movOffset(size === 1 ? 0xa0 : 0xa1, from, size);
    else this.emit("mov", { opcode: [size === 1 ? 0x8a : 0x8b], size, reg: to, rm: from });
  }

  /** Absolute addresses that only the accumulator's MOV can name. */
  #isOffset(memory: Memory, register: Register): boolean {
    const { base, index, label, displacement } = memory;
    return this.bits === 64 && !base && !index && !label && register.number === 0 &&
      !register.high && BigInt.asIntN(32, displacement) !== displacement;
  }

  #movOffset(opcode: number, memory: Memory, size: number): void {
    if (memory.segment) throw this.#bad("mov", 1, memory, "an address without segment override");
    const immediate = BigInt.asUintN(64, memory.displacement);
    this.emit("mov", { opcode: [opcode], size, immediate, immediateSize: 8 });
  }

  #movImmediate(to: Register | Memory, from: Immediate): void {
    const size = this.sizeOf("mov", to, from);
    if (isMemory(to)) {
      const opcode = [size === 1 ? 0xc6 : 0xc7];
      const immediateSize = Math.min(size, 4);
      this.emit("mov", { opcode, size, reg: 0, rm: to, immediate: from, immediateSize });
      return;
    }
    if (size !== 8) {
      const opcode = [size === 1 ? 0xb0 : 0xb8];
      this.emit("mov", { opcode, size, low: to, immediate: from, immediateSize: size });
      return;
    }
    const value = from instanceof Label ? -1n << 63n : BigInt(from);
    if (value >= 0n && value <= 0xffffffffn) {
      // A 32-bit move clears the upper half.
      const low: Register = { ...to, size: 4 };
      this.emit("mov", { opcode: [0xb8], size: 4, low, immediate: value, immediateSize: 4 });
    } else if (BigInt.asIntN(32, value) === value) {
      this.emit("mov", {
        opcode: [0xc7],
        size,
        reg: 0,
        rm: to,
        immediate: value,
        immediateSize: 4,
      });
    } else this.emit("mov", { opcode: [0xb8], size, low: to, immediate: from, immediateSize: 8 });
  }

  /** ADD. */
  add(to: Register | Memory, from: Operand): void {
    this.#alu("add", 0, to, from);
  }

  /** OR. */
  or(to: Register | Memory, from: Operand): void {
    this.#alu("or", 1, to, from);
  }

  /** ADC. */
  adc(to: Register | Memory, from: Operand): void {
    this.#alu("adc", 2, to, from);
  }

  /** SBB. */
  sbb(to: Register | Memory, from: Operand): void {
    this.#alu("sbb", 3, to, from);
  }

  /** AND. */
  and(to: Register | Memory, from: Operand): void {
    this.#alu("and", 4, to, from);
  }

  /** SUB. */
  sub(to: Register | Memory, from: Operand): void {
    this.#alu("sub", 5, to, from);
  }

  /** XOR. */
  xor(to: Register | Memory, from: Operand): void {
    this.#alu("xor", 6, to, from);
  }

  /** CMP. */
  cmp(to: Register | Memory, from: Operand): void {
    this.#alu("cmp", 7, to, from);
  }

  /** TEST. */
  test(to: Register | Memory, from: Register | Immediate): void {
    const size = this.sizeOf("test", to, from);
    if (isRegister(from)) {
      this.emit("test", { opcode: [size === 1 ? 0x84 : 0x85], size, reg: from, rm: to });
    } else {
      const opcode = [size === 1 ? 0xf6 : 0xf7];
      const immediateSize = Math.min(size, 4);
      this.emit("test", { opcode, size, reg: 0, rm: to, immediate: from, immediateSize });
    }
  }

  /** INC. */
  inc(to: Register | Memory): void {
    this.unary("inc", 0xfe, 0, to);
  }

  /** DEC. */
  dec(to: Register | Memory): void {
    this.unary("dec", 0xfe, 1, to);
  }

  /** NOT. */
  not(to: Register | Memory): void {
    this.unary("not", 0xf6, 2, to);
  }

  /** NEG. */
  neg(to: Register | Memory): void {
    this.unary("neg", 0xf6, 3, to);
  }

  /** MUL: rDX:rAX = rAX × operand. */
  mul(by: Register | Memory): void {
    this.unary("mul", 0xf6, 4, by);
  }

  /** IMUL: of rAX; of a register by an operand; or an operand by an immediate into a register. */
  imul(to: Register | Memory, from?: Register | Memory, by?: Immediate): void {
    if (from === undefined) {
      this.unary("imul", 0xf6, 5, to);
      return;
    }
    if (!isRegister(to)) throw this.#bad("imul", 1, to, "a register");
    const size = this.sizeOf("imul", to, from);
    if (size === 1) throw this.#bad("imul", 1, to, "a register of 16 bits or more");
    if (by === undefined) {
      this.emit("imul", { opcode: [0x0f, 0xaf], size, reg: to, rm: from });
      return;
    }
    const immediateSize = this.#isSmall(by, size) ? 1 : Math.min(size, 4);
    const opcode = [immediateSize === 1 ? 0x6b : 0x69];
    const immediate = immediateSize === 1 ? this.#signed(by, size) : by;
    this.emit("imul", { opcode, size, reg: to, rm: from, immediate, immediateSize });
  }

  /** DIV. */
  div(by: Register | Memory): void {
    this.unary("div", 0xf6, 6, by);
  }

  /** IDIV. */
  idiv(by: Register | Memory): void {
    this.unary("idiv", 0xf6, 7, by);
  }

  /** One operand, an instruction of a group; byte opcode, the wider one is the next. */
  protected unary(name: string, opcode: number, reg: number, rm: Register | Memory): void {
    const size = this.sizeOf(name, rm);
    this.emit(name, { opcode: [size === 1 ? opcode : opcode + 1], size, reg, rm });
  }

  /** Operand size that registers and memory agree on; an error names the operand at fault. */
  protected sizeOf(name: string, first: Operand, second?: Operand): number {
    let size = 0;
    let place = 0;
    for (const operand of second === undefined ? [first] : [first, second]) {
      place++;
      if (!isRegister(operand) && !isMemory(operand)) continue;
      if (isRegister(operand) && operand.kind !== "general") {
        throw this.#bad(name, place, operand, "a general register");
      }
      if (operand.size === 0) continue;
      if (operand.size > 8) throw this.#bad(name, place, operand, "of at most 8 bytes");
      if (size !== 0 && operand.size !== size) {
        throw this.#bad(name, place, operand, `of ${size} bytes, as the other operand`);
      }
      size = operand.size;
    }
    if (size === 0) {
      throw this.fail(name, `${showOperand(first)} has no size: say byte, word, dword or qword`);
    }
    return size;
  }

  #alu(name: string, kind: number, to: Register | Memory, from: Operand): void {
    const size = this.sizeOf(name, to, from);
    const opcode = (kind << 3) | (size === 1 ? 0 : 1);
    if (isRegister(from)) this.emit(name, { opcode: [opcode], size, reg: from, rm: to });
    else if (isMemory(from)) {
      if (!isRegister(to)) throw this.#bad(name, 1, to, "a register when operand 2 is memory");
      this.emit(name, { opcode: [opcode | 2], size, reg: to, rm: from });
    } else {
      const small = size > 1 && this.#isSmall(from, size);
      const immediateSize = small ? 1 : Math.min(size, 4);
      const immediate = small ? this.#signed(from, size) : from;
      const group = size === 1 ? 0x80 : small ? 0x83 : 0x81;
      this.emit(name, { opcode: [group], size, reg: kind, rm: to, immediate, immediateSize });
    }
  }

  /** The value as a signed number of the operand size. */
  #signed(value: Immediate, size: number): Immediate {
    return value instanceof Label ? value : BigInt.asIntN(size * 8, BigInt(value));
  }

  /** Whether an immediate can be one sign-extended byte. */
  #isSmall(value: Immediate, size: number): boolean {
    if (value instanceof Label) return false;
    const wide = BigInt(value);
    const fits = BigInt.asIntN(size * 8, wide) === wide || BigInt.asUintN(size * 8, wide) === wide;
    const signed = BigInt.asIntN(size * 8, wide);
    return fits && signed >= -128n && signed <= 127n;
  }

  #bad(name: string, place: number, operand: Operand, wanted: string): TypeError {
    return this.fail(name, `operand ${place}, ${showOperand(operand)}, must be ${wanted}`);
  }
}
