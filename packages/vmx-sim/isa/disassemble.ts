import type { CpuMode } from "./contract.ts";

/** One disassembled instruction. */
export interface DisassembledInstruction {
  /** Address of its first byte. */
  readonly address: bigint;
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Intel syntax. */
  readonly text: string;
}

/**
 * Disassembles for reports, with iced-x86, which is loaded when this is first called: nothing else of the package
 * needs it. Bytes that are no instruction come out as `(bad)`.
 */
export async function disassemble(
  bytes: Uint8Array,
  mode: CpuMode,
  address: bigint = 0n,
): Promise<DisassembledInstruction[]> {
  const iced = await import("iced-x86");
  const decoder = new iced.Decoder(
    mode === "prot64" ? 64 : mode === "prot32" ? 32 : 16,
    bytes,
    iced.DecoderOptions.None,
  );
  decoder.ip = address;
  const formatter = new iced.Formatter(iced.FormatterSyntax.Intel);
  const lines: DisassembledInstruction[] = [];
  while (decoder.canDecode) {
    const at = decoder.position;
    const instruction = decoder.decode();
    lines.push({
      address: address + BigInt(at),
      bytes: bytes.slice(at, decoder.position),
      text: instruction.code === iced.Code.INVALID ? "(bad)" : formatter.format(instruction),
    });
    instruction.free();
  }
  decoder.free();
  formatter.free();
  return lines;
}
