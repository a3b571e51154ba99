import { isMemory, isRegister, type Memory, type Register, showOperand } from "./asm_operand.ts";
import { BranchAssembler } from "./_asm_branch.ts";

/** The instructions of x87, MMX and SSE that store to memory or load from it. */
export class VectorAssembler extends BranchAssembler {
  /** FNINIT. */
  fninit(): void {
    this.raw(0xdb, 0xe3);
  }

  /** FNSTCW. */
  fnstcw(to: Memory): void {
    this.emit("fnstcw", { opcode: [0xd9], reg: 7, rm: to });
  }

  /** FNSTSW to memory. */
  fnstsw(to: Memory): void {
    this.emit("fnstsw", { opcode: [0xdd], reg: 7, rm: to });
  }

  /** MOVUPS. */
  movups(to: Register | Memory, from: Register | Memory): void {
    this.#vector("movups", 0, 0x10, 0x11, to, from);
  }

  /** MOVAPS: memory must be aligned. */
  movaps(to: Register | Memory, from: Register | Memory): void {
    this.#vector("movaps", 0, 0x28, 0x29, to, from);
  }

  /** MOVDQU. */
  movdqu(to: Register | Memory, from: Register | Memory): void {
    this.#vector("movdqu", 0xf3, 0x6f, 0x7f, to, from);
  }

  /** MOVDQA: memory must be aligned. */
  movdqa(to: Register | Memory, from: Register | Memory): void {
    this.#vector("movdqa", 0x66, 0x6f, 0x7f, to, from);
  }

  /** MOVSS, 4 bytes. */
  movss(to: Register | Memory, from: Register | Memory): void {
    this.#vector("movss", 0xf3, 0x10, 0x11, to, from);
  }

  /** MOVLPS, 8 bytes between memory and the low half. */
  movlps(to: Register | Memory, from: Register | Memory): void {
    this.#vector("movlps", 0, 0x12, 0x13, to, from);
  }

  /** STMXCSR. */
  stmxcsr(to: Memory): void {
    this.emit("stmxcsr", { opcode: [0x0f, 0xae], reg: 3, rm: to });
  }

  /** MOVD, 4 bytes between MMX or XMM registers and general registers or memory. */
  movd(to: Register | Memory, from: Register | Memory): void {
    const isStore = isRegister(from) && (from.kind === "mmx" || from.kind === "xmm");
    const [vector, rm] = isStore ? [from, to] : [to, from];
    if (!isRegister(vector) || (vector.kind !== "mmx" && vector.kind !== "xmm")) {
      throw this.fail("movd", `operand ${showOperand(vector)} must be a vector register`);
    }
    if (rm.size !== 0 && rm.size !== 4) {
      throw this.fail("movd", `operand ${showOperand(rm)} must be of 4 bytes`);
    }
    const prefix = vector.kind === "xmm" ? 0x66 : 0;
    this.emit("movd", { opcode: [0x0f, isStore ? 0x7e : 0x6e], prefix, reg: vector, rm });
  }

  /** MOVQ, 8 bytes between MMX or XMM registers and memory. */
  movq(to: Register | Memory, from: Register | Memory): void {
    const isMmx = isRegister(to) && to.kind === "mmx" || isRegister(from) && from.kind === "mmx";
    if (isMmx) this.#vector("movq", 0, 0x6f, 0x7f, to, from);
    else if (isMemory(to)) this.#vector("movq", 0x66, 0, 0xd6, to, from);
    else this.#vector("movq", 0xf3, 0x7e, 0, to, from);
  }

  /** MOVNTPS. */
  movntps(to: Memory, from: Register): void {
    this.#vector("movntps", 0, 0, 0x2b, to, from);
  }

  /** MOVNTDQ. */
  movntdq(to: Memory, from: Register): void {
    this.#vector("movntdq", 0x66, 0, 0xe7, to, from);
  }

  #vector(
    name: string,
    prefix: number,
    load: number,
    store: number,
    to: Register | Memory,
    from: Register | Memory,
  ): void {
    const register = isRegister(to) ? to : from;
    if (!isRegister(register) || (register.kind !== "xmm" && register.kind !== "mmx")) {
      throw this.fail(name, `operand ${showOperand(register)} must be a vector register`);
    }
    const code = isRegister(to) ? load : store;
    const rm = isRegister(to) ? from : to;
    this.emit(name, { opcode: [0x0f, code], prefix, reg: register, rm });
  }
}
