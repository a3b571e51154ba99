/**
 * A program of x86 instructions, written in TypeScript, as bytes.
 *
 * @module
 */
import type { CpuMode } from "./contract.ts";
import type { CodeBits } from "./_asm_address.ts";
import { Assembler } from "./assembler.ts";

/** Where and in which mode a program runs. */
export interface AssembleOptions {
  /** Mode of its first instruction; `a.bits` changes the size of what follows. */
  readonly mode: CpuMode;
  /** Address of its first byte, 0 when absent. */
  readonly origin?: number | bigint;
}

const BITS: Readonly<Record<CpuMode, CodeBits>> = {
  real: 16,
  vm16: 16,
  prot16: 16,
  prot32: 32,
  prot64: 64,
};

class Program extends Assembler {
  /** The bytes, labels filled in. */
  result(): Uint8Array {
    return this.finish();
  }
}

/**
 * Assembles a program.
 *
 * ```ts
 * import { assemble } from "@ioeventfd/vmx-sim";
 *
 * const bytes = assemble({ mode: "prot64", origin: 0x1000 }, (a) => {
 *   a.mov(a.rdi, 0xfebfb000n);
 *   a.mov(a.ecx, 3);
 *   const again = a.label("again");
 *   a.mov(a.ptr(a.rdi), a.eax);
 *   a.loop(again);
 *   a.hlt();
 * });
 * console.assert(bytes.length === 15 && bytes.at(-1) === 0xf4);
 * ```
 *
 * Throws a TypeError or RangeError naming the instruction and the operand for what cannot be encoded, and for a label
 * that is never bound.
 */
export function assemble(options: AssembleOptions, program: (a: Assembler) => void): Uint8Array {
  const a = new Program(BITS[options.mode], BigInt(options.origin ?? 0));
  program(a);
  return a.result();
}
