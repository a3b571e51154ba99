import {
  type Immediate,
  isMemory,
  isRegister,
  Label,
  type Memory,
  type Register,
  showOperand,
} from "./asm_operand.ts";
import { type Condition, conditionCode, IntegerAssembler } from "./_asm_integer.ts";

/** The rest of the integer instructions: extensions, exchanges, shifts, bits, stack and control flow. */
export class BranchAssembler extends IntegerAssembler {
  /** MOVZX from 8 or 16 bits. */
  movzx(to: Register, from: Register | Memory): void {
    this.#extend("movzx", 0xb6, to, from);
  }

  /** MOVSX from 8 or 16 bits. */
  movsx(to: Register, from: Register | Memory): void {
    this.#extend("movsx", 0xbe, to, from);
  }

  /** MOVSXD from 32 to 64 bits. */
  movsxd(to: Register, from: Register | Memory): void {
    this.emit("movsxd", { opcode: [0x63], size: to.size, reg: to, rm: from });
  }

  #extend(name: string, opcode: number, to: Register, from: Register | Memory): void {
    if (from.size !== 1 && from.size !== 2) {
      throw this.fail(name, `operand 2, ${showOperand(from)}, must be of 1 or 2 bytes`);
    }
    const size = this.sizeOf(name, to);
    const code = from.size === 1 ? opcode : opcode + 1;
    this.emit(name, { opcode: [0x0f, code], size, reg: to, rm: from });
  }

  /** LEA. */
  lea(to: Register, address: Memory): void {
    this.emit("lea", { opcode: [0x8d], size: this.sizeOf("lea", to), reg: to, rm: address });
  }

  /** XCHG. */
  xchg(to: Register | Memory, from: Register): void {
    const size = this.sizeOf("xchg", to, from);
    this.emit("xchg", { opcode: [size === 1 ? 0x86 : 0x87], size, reg: from, rm: to });
  }

  /** XADD. */
  xadd(to: Register | Memory, from: Register): void {
    this.#pair("xadd", 0xc0, to, from);
  }

  /** CMPXCHG: compares with rAX. */
  cmpxchg(to: Register | Memory, from: Register): void {
    this.#pair("cmpxchg", 0xb0, to, from);
  }

  #pair(name: string, opcode: number, to: Register | Memory, from: Register): void {
    const size = this.sizeOf(name, to, from);
    const code = size === 1 ? opcode : opcode + 1;
    this.emit(name, { opcode: [0x0f, code], size, reg: from, rm: to });
  }

  /** CMPXCHG8B. */
  cmpxchg8b(at: Memory): void {
    this.emit("cmpxchg8b", { opcode: [0x0f, 0xc7], reg: 1, rm: at });
  }

  /** CMPXCHG16B. */
  cmpxchg16b(at: Memory): void {
    this.emit("cmpxchg16b", { opcode: [0x0f, 0xc7], size: 8, reg: 1, rm: at });
  }

  /** BSWAP. */
  bswap(register: Register): void {
    const size = this.sizeOf("bswap", register);
    this.emit("bswap", { opcode: [0x0f, 0xc8], size, low: register });
  }

  /** MOVNTI. */
  movnti(to: Memory, from: Register): void {
    const size = this.sizeOf("movnti", to, from);
    this.emit("movnti", { opcode: [0x0f, 0xc3], size: size === 8 ? 8 : 0, reg: from, rm: to });
  }

  /** ROL by an immediate or CL. */
  rol(to: Register | Memory, by: Register | number): void {
    this.#shift("rol", 0, to, by);
  }

  /** ROR by an immediate or CL. */
  ror(to: Register | Memory, by: Register | number): void {
    this.#shift("ror", 1, to, by);
  }

  /** RCL by an immediate or CL. */
  rcl(to: Register | Memory, by: Register | number): void {
    this.#shift("rcl", 2, to, by);
  }

  /** RCR by an immediate or CL. */
  rcr(to: Register | Memory, by: Register | number): void {
    this.#shift("rcr", 3, to, by);
  }

  /** SHL by an immediate or CL. */
  shl(to: Register | Memory, by: Register | number): void {
    this.#shift("shl", 4, to, by);
  }

  /** SHR by an immediate or CL. */
  shr(to: Register | Memory, by: Register | number): void {
    this.#shift("shr", 5, to, by);
  }

  /** SAR by an immediate or CL. */
  sar(to: Register | Memory, by: Register | number): void {
    this.#shift("sar", 7, to, by);
  }

  #shift(name: string, reg: number, rm: Register | Memory, by: Register | number): void {
    const size = this.sizeOf(name, rm);
    const wide = size === 1 ? 0 : 1;
    if (by === 1) this.emit(name, { opcode: [0xd0 | wide], size, reg, rm });
    else if (typeof by === "number") {
      this.emit(name, { opcode: [0xc0 | wide], size, reg, rm, immediate: by, immediateSize: 1 });
    } else if (by.name === "cl") this.emit(name, { opcode: [0xd2 | wide], size, reg, rm });
    else throw this.fail(name, `operand 2, ${by.name}, must be cl or a number`);
  }

  /** BSF. */
  bsf(to: Register, from: Register | Memory): void {
    const size = this.sizeOf("bsf", to, from);
    this.emit("bsf", { opcode: [0x0f, 0xbc], size, reg: to, rm: from });
  }

  /** BSR. */
  bsr(to: Register, from: Register | Memory): void {
    const size = this.sizeOf("bsr", to, from);
    this.emit("bsr", { opcode: [0x0f, 0xbd], size, reg: to, rm: from });
  }

  /** BT with a register or an immediate. */
  bt(to: Register | Memory, bit: Register | number): void {
    this.#bit("bt", 4, to, bit);
  }

  /** BTS. */
  bts(to: Register | Memory, bit: Register | number): void {
    this.#bit("bts", 5, to, bit);
  }

  /** BTR. */
  btr(to: Register | Memory, bit: Register | number): void {
    this.#bit("btr", 6, to, bit);
  }

  /** BTC. */
  btc(to: Register | Memory, bit: Register | number): void {
    this.#bit("btc", 7, to, bit);
  }

  #bit(name: string, reg: number, rm: Register | Memory, bit: Register | number): void {
    if (typeof bit === "number") {
      const size = this.sizeOf(name, rm);
      const opcode = [0x0f, 0xba];
      this.emit(name, { opcode, size, reg, rm, immediate: bit, immediateSize: 1 });
    } else {
      const size = this.sizeOf(name, rm, bit);
      this.emit(name, { opcode: [0x0f, 0x83 | (reg << 3)], size, reg: bit, rm });
    }
  }

  /** SETcc. */
  set(condition: Condition, to: Register | Memory): void {
    const opcode = [0x0f, 0x90 | conditionCode(condition)];
    if (to.size > 1) throw this.fail("set", `${showOperand(to)} must be of 1 byte`);
    this.emit(`set${condition}`, { opcode, reg: 0, rm: to });
  }

  /** CMOVcc. */
  cmov(condition: Condition, to: Register, from: Register | Memory): void {
    const size = this.sizeOf("cmov", to, from);
    const opcode = [0x0f, 0x40 | conditionCode(condition)];
    this.emit(`cmov${condition}`, { opcode, size, reg: to, rm: from });
  }

  /** PUSH of a register, memory or an immediate. */
  push(from: Register | Memory | Immediate): void {
    if (isRegister(from)) {
      if (from.kind === "segment") {
        const high = from.number >= 4;
        const code = high ? [0x0f, 0x80 | (from.number << 3)] : [0x06 | (from.number << 3)];
        this.emit("push", { opcode: code });
      } else this.emit("push", { opcode: [0x50], size: from.size, wide: true, low: from });
    } else if (isMemory(from)) {
      this.emit("push", {
        opcode: [0xff],
        size: this.#stackSize(from),
        wide: true,
        reg: 6,
        rm: from,
      });
    } else {
      const small = !(from instanceof Label) && BigInt.asIntN(8, BigInt(from)) === BigInt(from);
      const immediateSize = small ? 1 : this.bits === 16 ? 2 : 4;
      this.emit("push", { opcode: [small ? 0x6a : 0x68], immediate: from, immediateSize });
    }
  }

  /** POP into a register or memory. */
  pop(to: Register | Memory): void {
    if (isMemory(to)) {
      this.emit("pop", { opcode: [0x8f], size: this.#stackSize(to), wide: true, reg: 0, rm: to });
    } else if (to.kind === "segment") {
      const high = to.number >= 4;
      this.emit("pop", { opcode: high ? [0x0f, 0x81 | (to.number << 3)] : [7 | (to.number << 3)] });
    } else this.emit("pop", { opcode: [0x58], size: to.size, wide: true, low: to });
  }

  #stackSize(memory: Memory): number {
    return memory.size === 0 ? this.bits >> 3 : memory.size;
  }

  /** JMP to a label or an address, or through a register or memory. */
  jmp(to: Register | Memory | Immediate): void {
    this.#branch("jmp", 0xe9, 4, to);
  }

  /** CALL of a label or an address, or through a register or memory. */
  call(to: Register | Memory | Immediate): void {
    this.#branch("call", 0xe8, 2, to);
  }

  #branch(name: string, opcode: number, reg: number, to: Register | Memory | Immediate): void {
    if (isRegister(to) || isMemory(to)) {
      const size = to.size === 0 ? this.bits >> 3 : to.size;
      this.emit(name, { opcode: [0xff], size, wide: true, reg, rm: to });
    } else {
      this.raw(opcode);
      this.relative(to, this.bits === 16 ? 2 : 4, name);
    }
  }

  /** Jcc, near. */
  j(condition: Condition, to: Immediate): void {
    this.raw(0x0f, 0x80 | conditionCode(condition));
    this.relative(to, this.bits === 16 ? 2 : 4, `j${condition}`);
  }

  /** JE. */
  je(to: Immediate): void {
    this.j("e", to);
  }

  /** JNE. */
  jne(to: Immediate): void {
    this.j("ne", to);
  }

  /** JZ. */
  jz(to: Immediate): void {
    this.j("z", to);
  }

  /** JNZ. */
  jnz(to: Immediate): void {
    this.j("nz", to);
  }

  /** LOOPNE. */
  loopne(to: Immediate): void {
    this.raw(0xe0);
    this.relative(to, 1, "loopne");
  }

  /** LOOPE. */
  loope(to: Immediate): void {
    this.raw(0xe1);
    this.relative(to, 1, "loope");
  }

  /** LOOP; the target is within 128 bytes. */
  loop(to: Immediate): void {
    this.raw(0xe2);
    this.relative(to, 1, "loop");
  }

  /** JCXZ, JECXZ or JRCXZ, as the code size has it. */
  jcxz(to: Immediate): void {
    this.raw(0xe3);
    this.relative(to, 1, "jcxz");
  }

  /** RET, with bytes to take off the stack. */
  ret(bytes: number = 0): void {
    if (bytes === 0) this.raw(0xc3);
    else this.emit("ret", { opcode: [0xc2], immediate: bytes, immediateSize: 2 });
  }

  /** JMP to another code segment: selector and offset. Not in 64-bit code. */
  jmpFar(selector: number, offset: Immediate, offsetSize: 2 | 4 = this.bits === 16 ? 2 : 4): void {
    if (this.bits === 64) throw this.fail("jmp far", "there is none in 64-bit code");
    this.emit("jmp far", {
      opcode: [0xea],
      size: offsetSize,
      immediate: offset,
      immediateSize: offsetSize,
    });
    this.value(selector, 2, "jmp far");
  }
}
