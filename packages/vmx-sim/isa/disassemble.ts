/**
 * Bytes as text in Intel syntax, by the optional dependency iced-x86.
 *
 * @module
 */
import type { CpuMode } from "./contract.ts";

/** One disassembled instruction. */
export interface DisassembledInstruction {
  /** Address of its first byte. */
  readonly address: bigint;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Intel syntax; `(bad)` for one byte where no instruction begins. */
  readonly text: string;
}

/** What of iced-x86 is used here. */
interface Iced {
  readonly Code: { readonly INVALID: number };
  readonly FormatterSyntax: { readonly Intel: number };
  readonly Decoder: new (bitness: number, bytes: Uint8Array, options: number) => {
    ip: bigint;
    readonly canDecode: boolean;
    position: number;
    decode(): { readonly code: number; free(): void };
    free(): void;
  };
  readonly Formatter: new (syntax: number) => {
    format(instruction: { readonly code: number }): string;
    free(): void;
  };
}

/** Optional dependency: named at run time, so that nothing needs it that does not disassemble. */
const LIBRARY: string = "iced-x86";

async function load(): Promise<Iced> {
  try {
    return await import(LIBRARY);
  } catch (cause) {
    throw new Error(`Disassembling needs the npm package ${LIBRARY}, which does not load`, {
      cause,
    });
  }
}

/**
 * Disassembles for reports, with the npm package iced-x86, which is loaded when this is first called: nothing else of
 * this package needs it. Rejects when it cannot be loaded.
 */
export async function disassemble(
  bytes: Uint8Array,
  mode: CpuMode,
  address: bigint = 0n,
): Promise<DisassembledInstruction[]> {
  const iced = await load();
  const bits = mode === "prot64" ? 64 : mode === "prot32" ? 32 : 16;
  const decoder = new iced.Decoder(bits, bytes, 0);
  decoder.ip = address;
  const formatter = new iced.Formatter(iced.FormatterSyntax.Intel);
  const lines: DisassembledInstruction[] = [];
  while (decoder.canDecode) {
    const at = decoder.position;
    const instruction = decoder.decode();
    const bad = instruction.code === iced.Code.INVALID;
    if (bad) {
      decoder.position = at + 1;
      decoder.ip = address + BigInt(at + 1);
    }
    lines.push({
      address: address + BigInt(at),
      bytes: bytes.slice(at, decoder.position),
      text: bad ? "(bad)" : formatter.format(instruction),
    });
    instruction.free();
  }
  decoder.free();
  formatter.free();
  return lines;
}
