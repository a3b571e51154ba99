/**
 * Strings, prefixes and data: the outermost layer of the assembler.
 *
 * @module
 */
import type { Immediate, Memory, Register } from "./asm_operand.ts";
import { VectorAssembler } from "./_asm_vector.ts";

/**
 * Appends instructions and data to a program, one method an instruction. Registers are its fields, memory operands
 * come from `ptr`, `byte`, `word`, `dword` and `qword`. What cannot be encoded throws, and names the operand.
 */
export class Assembler extends VectorAssembler {
  /** LOCK prefix of the next instruction. */
  lock(): this {
    this.raw(0xf0);
    return this;
  }

  /** REP or REPE prefix of the next string instruction. */
  rep(): this {
    this.raw(0xf3);
    return this;
  }

  /** REPNE prefix of the next string instruction. */
  repne(): this {
    this.raw(0xf2);
    return this;
  }

  #string(name: string, opcode: number, size: 1 | 2 | 4 | 8): void {
    this.emit(name, { opcode: [size === 1 ? opcode : opcode + 1], size });
  }

  /** MOVS of 1, 2, 4 or 8 bytes. */
  movs(size: 1 | 2 | 4 | 8): void {
    this.#string("movs", 0xa4, size);
  }

  /** CMPS of 1, 2, 4 or 8 bytes. */
  cmps(size: 1 | 2 | 4 | 8): void {
    this.#string("cmps", 0xa6, size);
  }

  /** STOS of 1, 2, 4 or 8 bytes. */
  stos(size: 1 | 2 | 4 | 8): void {
    this.#string("stos", 0xaa, size);
  }

  /** LODS of 1, 2, 4 or 8 bytes. */
  lods(size: 1 | 2 | 4 | 8): void {
    this.#string("lods", 0xac, size);
  }

  /** SCAS of 1, 2, 4 or 8 bytes. */
  scas(size: 1 | 2 | 4 | 8): void {
    this.#string("scas", 0xae, size);
  }

  /** INS of 1, 2 or 4 bytes. */
  ins(size: 1 | 2 | 4): void {
    this.#string("ins", 0x6c, size);
  }

  /** OUTS of 1, 2 or 4 bytes. */
  outs(size: 1 | 2 | 4): void {
    this.#string("outs", 0x6e, size);
  }

  /** IN: AL, AX or EAX from a port number below 256 or DX. */
  in(to: Register, port: Register | number): void {
    this.#io("in", 0xe4, to, port);
  }

  /** OUT to a port number below 256 or DX, of AL, AX or EAX. */
  out(port: Register | number, from: Register): void {
    this.#io("out", 0xe6, from, port);
  }

  #io(name: string, opcode: number, data: Register, port: Register | number): void {
    if (data.kind !== "general" || data.number !== 0 || data.size > 4) {
      throw this.fail(name, `operand ${data.name} must be al, ax or eax`);
    }
    const code = data.size === 1 ? opcode : opcode + 1;
    if (typeof port === "number") {
      this.emit(name, { opcode: [code], size: data.size, immediate: port, immediateSize: 1 });
    } else if (port.name === "dx") this.emit(name, { opcode: [code | 8], size: data.size });
    else throw this.fail(name, `operand ${port.name} must be dx or a port below 256`);
  }

  /** NOP. */
  nop(): void {
    this.raw(0x90);
  }

  /** PAUSE. */
  pause(): void {
    this.raw(0xf3, 0x90);
  }

  /** HLT. */
  hlt(): void {
    this.raw(0xf4);
  }

  /** CLI. */
  cli(): void {
    this.raw(0xfa);
  }

  /** STI. */
  sti(): void {
    this.raw(0xfb);
  }

  /** CLD. */
  cld(): void {
    this.raw(0xfc);
  }

  /** STD. */
  std(): void {
    this.raw(0xfd);
  }

  /** CLC. */
  clc(): void {
    this.raw(0xf8);
  }

  /** STC. */
  stc(): void {
    this.raw(0xf9);
  }

  /** CMC. */
  cmc(): void {
    this.raw(0xf5);
  }

  /** LAHF. */
  lahf(): void {
    this.raw(0x9f);
  }

  /** SAHF. */
  sahf(): void {
    this.raw(0x9e);
  }

  /** CBW, CWDE or CDQE: sign-extends into AX, EAX or RAX, by bytes of the result. */
  cbw(size: 2 | 4 | 8): void {
    this.emit("cbw", { opcode: [0x98], size });
  }

  /** CWD, CDQ or CQO: sign-extends AX, EAX or RAX into rDX, by bytes of the operand. */
  cwd(size: 2 | 4 | 8): void {
    this.emit("cwd", { opcode: [0x99], size });
  }

  /** UD2. */
  ud2(): void {
    this.raw(0x0f, 0x0b);
  }

  /** INT n. */
  int(vector: number): void {
    this.emit("int", { opcode: [0xcd], immediate: vector, immediateSize: 1 });
  }

  /** INT3. */
  int3(): void {
    this.raw(0xcc);
  }

  /** IRET of the code size (IRETQ in 64-bit code). */
  iret(): void {
    this.emit("iret", { opcode: [0xcf], size: this.bits >> 3 });
  }

  /** RETF. */
  retf(): void {
    this.raw(0xcb);
  }

  /** PUSHF of the code size. */
  pushf(): void {
    this.raw(0x9c);
  }

  /** POPF of the code size. */
  popf(): void {
    this.raw(0x9d);
  }

  /** PUSHA of the code size; not in 64-bit code. */
  pusha(): void {
    this.#legacy("pusha", 0x60);
  }

  /** POPA of the code size; not in 64-bit code. */
  popa(): void {
    this.#legacy("popa", 0x61);
  }

  #legacy(name: string, opcode: number): void {
    if (this.bits === 64) throw this.fail(name, "there is none in 64-bit code");
    this.raw(opcode);
  }

  /** ENTER with a frame of some bytes, nesting level 0. */
  enter(bytes: number): void {
    this.emit("enter", { opcode: [0xc8], immediate: bytes, immediateSize: 2 });
    this.raw(0);
  }

  /** LEAVE. */
  leave(): void {
    this.raw(0xc9);
  }

  /** XLAT. */
  xlat(): void {
    this.raw(0xd7);
  }

  /** CPUID. */
  cpuid(): void {
    this.raw(0x0f, 0xa2);
  }

  /** RDTSC. */
  rdtsc(): void {
    this.raw(0x0f, 0x31);
  }

  /** RDMSR. */
  rdmsr(): void {
    this.raw(0x0f, 0x32);
  }

  /** WRMSR. */
  wrmsr(): void {
    this.raw(0x0f, 0x30);
  }

  /** WBINVD. */
  wbinvd(): void {
    this.raw(0x0f, 0x09);
  }

  /** MFENCE. */
  mfence(): void {
    this.raw(0x0f, 0xae, 0xf0);
  }

  /** LGDT. */
  lgdt(at: Memory): void {
    this.emit("lgdt", { opcode: [0x0f, 0x01], reg: 2, rm: at });
  }

  /** LIDT. */
  lidt(at: Memory): void {
    this.emit("lidt", { opcode: [0x0f, 0x01], reg: 3, rm: at });
  }

  /** SGDT. */
  sgdt(to: Memory): void {
    this.emit("sgdt", { opcode: [0x0f, 0x01], reg: 0, rm: to });
  }

  /** SIDT. */
  sidt(to: Memory): void {
    this.emit("sidt", { opcode: [0x0f, 0x01], reg: 1, rm: to });
  }

  /** LTR. */
  ltr(from: Register | Memory): void {
    this.emit("ltr", { opcode: [0x0f, 0x00], reg: 3, rm: from });
  }

  /** SMSW to memory. */
  smsw(to: Memory): void {
    this.emit("smsw", { opcode: [0x0f, 0x01], reg: 4, rm: to });
  }

  /** INVLPG. */
  invlpg(at: Memory): void {
    this.emit("invlpg", { opcode: [0x0f, 0x01], reg: 7, rm: at });
  }

  /** CLFLUSH. */
  clflush(at: Memory): void {
    this.emit("clflush", { opcode: [0x0f, 0xae], reg: 7, rm: at });
  }

  /** PREFETCHT0. */
  prefetch(at: Memory): void {
    this.emit("prefetcht0", { opcode: [0x0f, 0x18], reg: 1, rm: at });
  }

  /** Bytes: numbers, or the characters of a string. */
  db(...values: readonly (number | string)[]): void {
    for (const value of values) {
      if (typeof value === "number") this.value(value, 1, "db");
      else this.raw(...new TextEncoder().encode(value));
    }
  }

  /** Words of 2 bytes. */
  dw(...values: readonly Immediate[]): void {
    for (const value of values) this.value(value, 2, "dw");
  }

  /** Words of 4 bytes. */
  dd(...values: readonly Immediate[]): void {
    for (const value of values) this.value(value, 4, "dd");
  }

  /** Words of 8 bytes. */
  dq(...values: readonly Immediate[]): void {
    for (const value of values) this.value(value, 8, "dq");
  }

  /** Fills up to a multiple of `boundary` bytes. */
  align(boundary: number, fill: number = 0x90): void {
    while (this.here % BigInt(boundary) !== 0n) this.raw(fill);
  }
}
