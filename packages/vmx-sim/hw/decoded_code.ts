/**
 * Instructions the CPU has decoded, kept by the host page they lie in. A write to such a page, by whatever way the model
 * knows of, makes their bytes be compared again before they run; so does the beginning of every `KVM_RUN`, because the
 * VM's owner may have written in between.
 *
 * @module
 */
import { Instruction } from "../isa/instruction.ts";
import type { CpuMode } from "../isa/contract.ts";

/** Decoded instructions that begin in one page. */
export class CodePage {
  /** Mode they were decoded in. */
  mode: CpuMode;
  /** By offset in the page. */
  readonly instructions: (Instruction | null)[] = Array<Instruction | null>(4096).fill(null);
  readonly #copy = new Uint8Array(4096);

  /**
   * A page with nothing decoded.
   *
   * @param mode Mode of the instructions
   */
  constructor(mode: CpuMode) {
    this.mode = mode;
  }

  /** Keeps a decoded instruction and its bytes. */
  keep(at: number, insn: Instruction, bytes: Uint8Array, offset: number, epoch: number): void {
    for (let i = 0; i < insn.length; i++) this.#copy[at + i] = bytes[offset + at + i]!;
    this.instructions[at] = insn;
    insn.epoch = epoch;
  }

  /** The instruction kept at an offset if its bytes are still the same, else null. */
  recheck(at: number, bytes: Uint8Array, offset: number, epoch: number): Instruction | null {
    const insn = this.instructions[at]!;
    if (insn === null) return null;
    for (let i = 0; i < insn.length; i++) {
      if (this.#copy[at + i] !== bytes[offset + at + i]) return this.instructions[at] = null;
    }
    insn.epoch = epoch;
    return insn;
  }
}

/** Decoded instructions of a VM. */
export class DecodedCode {
  /** Counts the occasions on which bytes may have changed. */
  epoch = 1;
  /** Pages of code found so far: who caches translations for writes compares it. */
  pagesFound = 0;
  readonly #pages = new Map<ArrayBufferLike, Map<number, CodePage>>();

  /** The page at `offset` of host memory, made when absent or of another mode. */
  page(bytes: Uint8Array, offset: number, mode: CpuMode): CodePage {
    let pages = this.#pages.get(bytes.buffer);
    if (pages === undefined) this.#pages.set(bytes.buffer, pages = new Map());
    const at = bytes.byteOffset + offset;
    let page = pages.get(at);
    if (page === undefined || page.mode !== mode) {
      page = new CodePage(mode);
      pages.set(at, page);
      this.pagesFound++;
    }
    return page;
  }

  /** Whether the page at `offset` of host memory holds decoded instructions. */
  has(bytes: Uint8Array, offset: number): boolean {
    return this.#pages.get(bytes.buffer)?.has(bytes.byteOffset + offset) === true;
  }
}

/** Copies the decoder's scratch instruction. */
export function keepInstruction(from: Instruction): Instruction {
  return Object.assign(new Instruction(), from);
}
