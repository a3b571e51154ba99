import { AsmRegisters } from "./asm_registers.ts";
import { addressSizeOf, type CodeBits, planAddress } from "./_asm_address.ts";
import {
  type Immediate,
  isMemory,
  isRegister,
  Label,
  type Memory,
  type MemoryOptions,
  type Operand,
  type Register,
  showOperand,
} from "./asm_operand.ts";

/** How an instruction is put together. */
export interface Encoding {
  /** Opcode bytes, 0F included. */
  readonly opcode: readonly number[];
  /** Operand size in bytes, for the 66 prefix and REX.W; 0 when neither applies. */
  readonly size?: number;
  /** Operand size is 8 in 64-bit code without REX.W. */
  readonly wide?: boolean;
  /** Mandatory prefix: 66, F2 or F3. */
  readonly prefix?: number;
  /** ModRM.reg: a register, or the number of an instruction in its group. */
  readonly reg?: Register | number;
  /** ModRM.rm. */
  readonly rm?: Register | Memory;
  /** Register in the low bits of the last opcode byte. */
  readonly low?: Register;
  /** Immediate. */
  readonly immediate?: Immediate;
  /** Bytes of the immediate. */
  readonly immediateSize?: number;
}

/** A place to fill once a label is known. */
interface Fixup {
  readonly at: number;
  readonly size: number;
  readonly label: Label;
  readonly addend: bigint;
  /** Offset that the value is relative to, or -1 for the label's address. */
  readonly from: number;
  readonly name: string;
}

/** Bytes, labels and the one function that every instruction goes through. */
export class Encoder extends AsmRegisters {
  #bytes = new Uint8Array(256);
  #length = 0;
  readonly #fixups: Fixup[] = [];
  #bits: CodeBits;
  readonly #origin: bigint;
  #name = "";

  /** An empty program that will lie at `origin`. */
  constructor(bits: CodeBits, origin: bigint) {
    super();
    this.#bits = bits;
    this.#origin = origin;
  }

  /** Size of the code that follows: set it where the guest changes mode. */
  get bits(): CodeBits {
    return this.#bits;
  }

  set bits(bits: CodeBits) {
    this.#bits = bits;
  }

  /** Address of the next byte. */
  get here(): bigint {
    return this.#origin + BigInt(this.#length);
  }

  /** A label to be bound later. */
  newLabel(name: string = "label"): Label {
    return new Label(name);
  }

  /** Binds a label to the next byte; it may be bound once. */
  bind(label: Label): Label {
    if (label.offset >= 0) throw new TypeError(`Label ${label.name} is bound twice`);
    label.offset = this.#length;
    return label;
  }

  /** A label at the next byte. */
  label(name: string = "label"): Label {
    return this.bind(new Label(name));
  }

  /** Memory operand whose size the other operand gives. */
  ptr(base: Register | Immediate, rest: number | bigint | MemoryOptions = {}): Memory {
    return this.#memory(0, base, rest);
  }

  /** Memory operand of one byte. */
  byte(base: Register | Immediate, rest: number | bigint | MemoryOptions = {}): Memory {
    return this.#memory(1, base, rest);
  }

  /** Memory operand of 2 bytes. */
  word(base: Register | Immediate, rest: number | bigint | MemoryOptions = {}): Memory {
    return this.#memory(2, base, rest);
  }

  /** Memory operand of 4 bytes. */
  dword(base: Register | Immediate, rest: number | bigint | MemoryOptions = {}): Memory {
    return this.#memory(4, base, rest);
  }

  /** Memory operand of 8 bytes. */
  qword(base: Register | Immediate, rest: number | bigint | MemoryOptions = {}): Memory {
    return this.#memory(8, base, rest);
  }

  /** The program, labels filled in. */
  protected finish(): Uint8Array {
    for (const { at, size, label, addend, from, name } of this.#fixups) {
      if (label.offset < 0) throw new TypeError(`${name}: label ${label.name} is never bound`);
      const place = BigInt(label.offset) + addend;
      const value = from < 0 ? this.#origin + place : place - BigInt(from);
      this.#check(value, size, from >= 0, name, label);
      this.#store(at, value, size);
    }
    return this.#bytes.slice(0, this.#length);
  }

  /** Appends bytes as they are. */
  protected raw(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#put(BigInt(byte), 1);
  }

  /** Appends a value, or the address of a label, of `size` bytes. */
  protected value(value: Immediate, size: number, name: string): void {
    this.#name = name;
    this.#immediate(value, size);
  }

  /** Appends a distance from the end of this field to a label (or to an address). */
  protected relative(target: Immediate, size: number, name: string): void {
    const end = this.#length + size;
    if (target instanceof Label) {
      this.#fixups.push({ at: this.#length, size, label: target, addend: 0n, from: end, name });
      this.#put(0n, size);
      return;
    }
    const distance = BigInt(target) - this.#origin - BigInt(end);
    this.#check(distance, size, true, name, target);
    this.#put(distance, size);
  }

  /** Appends one instruction. */
  protected emit(name: string, encoding: Encoding): void {
    this.#name = name;
    const { opcode, size = 0, reg, rm, low, prefix } = encoding;
    const memory = rm !== undefined && isMemory(rm) ? rm : null;
    if (memory?.segment) this.raw([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65][memory.segment.number]!);
    const addressSize = memory ? addressSizeOf(memory, this.#bits) : 0;
    if (typeof addressSize === "string") throw this.#error(addressSize);
    if (memory && addressSize !== this.#bits >> 3) this.raw(0x67);
    if (size === 2 && this.#bits !== 16 || size === 4 && this.#bits === 16) this.raw(0x66);
    if (size === 8 && this.#bits !== 64 && !encoding.wide) {
      throw this.#error(`64-bit operands need 64-bit code, this is ${this.#bits}-bit`);
    }
    if (prefix) this.raw(prefix);
    this.#rex(encoding, memory);
    this.raw(...opcode.slice(0, -1));
    this.raw(opcode.at(-1)! | (low ? low.number & 7 : 0));
    const tail = encoding.immediateSize ?? 0;
    if (rm !== undefined) {
      const field = ((typeof reg === "object" ? reg.number : reg ?? 0) & 7) << 3;
      if (memory) this.#modrm(memory, field, addressSize, tail);
      else this.raw(0xc0 | field | ((rm as Register).number & 7));
    }
    if (encoding.immediate !== undefined) {
      this.#immediate(encoding.immediate, tail, size === 8 && tail < 8);
    }
  }

  /** An error about the instruction being assembled. */
  protected fail(name: string, problem: string): TypeError {
    return new TypeError(`${name}: ${problem}`);
  }

  #error(problem: string): TypeError {
    return this.fail(this.#name, problem);
  }

  #memory(
    size: number,
    base: Register | Immediate,
    rest: number | bigint | MemoryOptions,
  ): Memory {
    const options: MemoryOptions = typeof rest === "object" ? rest : { disp: rest };
    const isBase = isRegister(base);
    const isLabel = base instanceof Label;
    const address = isBase || isLabel ? 0n : BigInt(base);
    return {
      size,
      base: isBase ? base : null,
      index: options.index ?? null,
      scale: options.scale ?? 1,
      displacement: address + BigInt(options.disp ?? 0),
      label: isLabel ? base : null,
      segment: options.segment ?? null,
    };
  }

  #rex(encoding: Encoding, memory: Memory | null): void {
    const { size = 0, wide, reg, rm, low } = encoding;
    let rex = size === 8 && !wide ? 8 : 0;
    let needed = false;
    let high: Register | null = null;
    const note = (register: Register | null | undefined, bit: number) => {
      if (!register) return;
      if (register.number >= 8) rex |= bit;
      if (register.kind !== "general") return;
      if (register.high) high = register;
      else if (register.size === 1 && register.number >= 4) needed = true;
      if (register.size === 8) needed ||= this.#bits !== 64;
    };
    note(typeof reg === "object" ? reg : null, 4);
    if (memory) {
      note(memory.base, 1);
      note(memory.index, 2);
    } else if (rm) note(rm as Register, 1);
    note(low, 1);
    if (!rex && !needed) return;
    if (this.#bits !== 64) {
      throw this.#error(`Operands need 64-bit code, this is ${this.#bits}-bit`);
    }
    if (high) throw this.#error(`${(high as Register).name} cannot be used with a REX prefix`);
    this.raw(0x40 | rex);
  }

  #modrm(memory: Memory, field: number, addressSize: number, tail: number): void {
    const plan = planAddress(memory, addressSize, this.#bits);
    if (typeof plan === "string") throw this.#error(plan);
    this.raw(plan.modrm | field);
    if (plan.sib >= 0) this.raw(plan.sib);
    if (plan.displacement > 0) {
      this.#displacement(memory, plan.displacement, plan.relative ? tail + 1 : 0);
    }
  }

  /** Appends a displacement; `tail` is 1 + the bytes after it when it is relative to RIP. */
  #displacement(memory: Memory, size: number, tail: number): void {
    const { label, displacement } = memory;
    if (label) {
      const from = tail > 0 ? this.#length + size + tail - 1 : -1;
      this.#fixups.push({
        at: this.#length,
        size,
        label,
        addend: displacement,
        from,
        name: this.#name,
      });
      this.#put(0n, size);
      return;
    }
    const absolute64 = this.#bits === 64 && size === 4;
    const low = absolute64 ? -0x80000000n : -(1n << BigInt(size * 8 - 1));
    const high = absolute64 ? 0x7fffffffn : (1n << BigInt(size * 8)) - 1n;
    if (displacement < low || displacement > high) {
      throw new RangeError(`${this.#name}: ${showOperand(memory)} does not fit its displacement`);
    }
    this.#put(displacement, size);
  }

  #immediate(value: Immediate, size: number, signed: boolean = false): void {
    if (value instanceof Label) {
      this.#fixups.push({
        at: this.#length,
        size,
        label: value,
        addend: 0n,
        from: -1,
        name: this.#name,
      });
      this.#put(0n, size);
      return;
    }
    this.#check(BigInt(value), size, signed, this.#name, value);
    this.#put(BigInt(value), size);
  }

  #check(value: bigint, size: number, signed: boolean, name: string, operand: Operand): void {
    const bits = BigInt(size * 8);
    const high = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
    if (value < -(1n << (bits - 1n)) || value > high) {
      throw new RangeError(`${name}: ${showOperand(operand)} does not fit ${size * 8} bits`);
    }
  }

  #put(value: bigint, size: number): void {
    if (this.#length + size > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2 + size);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#store(this.#length, value, size);
    this.#length += size;
  }

  #store(at: number, value: bigint, size: number): void {
    for (let i = 0; i < size; i++) {
      this.#bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
  }
}
