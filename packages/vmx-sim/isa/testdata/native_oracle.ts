/**
 * For tests: the processor itself as an oracle. Compiles `native.c` and runs instructions in user mode.
 *
 * @module
 */

const IN_BYTES = 992;
const OUT_BYTES = 984;

/** Bytes of data that are set before and compared after. */
export const WINDOW = 512;

/** First byte of the code, of the data page, and of the window in it. */
export const CODE_BASE = 0x20000010, DATA_BASE = 0x10000000, WINDOW_BASE = DATA_BASE + 2048 - 256;

/** State before an instruction, and the instruction. */
export interface NativeCase {
  readonly bits: 32 | 64;
  readonly code: Uint8Array;
  readonly flags: number;
  readonly gpr: BigUint64Array;
  /** XMM0…15, then MM0…7. */
  readonly vectors: Uint8Array;
  readonly data: Uint8Array;
}

/** State after it: the signal is SIGTRAP (5) when the next INT3 was reached. */
export interface NativeResult {
  readonly signal: number;
  readonly rip: number;
  readonly flags: number;
  readonly gpr: BigUint64Array;
  /** XMM0…15, then MM0…7. */
  readonly vectors: Uint8Array;
  readonly data: Uint8Array;
}

/** Why there is no such oracle here, or null. */
export function nativeUnavailable(): string | null {
  if (Deno.build.arch !== "x86_64" || Deno.build.os !== "linux") return "not Linux on x86-64";
  try {
    const { success } = new Deno.Command("gcc", { args: ["--version"] }).outputSync();
    return success ? null : "gcc does not run";
  } catch {
    return "no gcc";
  }
}

/** Compiles the program into a new directory and returns its path. */
export async function compileNative(directory: string): Promise<string> {
  const path = `${directory}/native`;
  const source = new URL("native.c", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-O1", "-static", "-no-pie", "-fno-stack-protector", source, "-o", path],
  }).output();
  if (!success) throw new Error(`gcc failed: ${new TextDecoder().decode(stderr)}`);
  return path;
}

function encode(cases: readonly NativeCase[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(cases.length * IN_BYTES);
  const view = new DataView(bytes.buffer);
  cases.forEach((one, i) => {
    const at = i * IN_BYTES;
    view.setUint32(at, one.bits, true);
    view.setUint32(at + 4, one.code.length, true);
    bytes.set(one.code, at + 8);
    view.setBigUint64(at + 24, BigInt(one.flags), true);
    one.gpr.forEach((value, r) => view.setBigUint64(at + 32 + 8 * r, value, true));
    bytes.set(one.vectors, at + 160);
    bytes.set(one.data, at + 480);
  });
  return bytes;
}

function decodeResult(bytes: Uint8Array, at: number): NativeResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, OUT_BYTES);
  const gpr = new BigUint64Array(16);
  for (let r = 0; r < 16; r++) gpr[r] = view.getBigUint64(24 + 8 * r, true);
  return {
    signal: view.getUint32(0, true),
    rip: view.getInt32(8, true),
    flags: view.getUint32(16, true),
    gpr,
    vectors: bytes.slice(at + 152, at + 472),
    data: bytes.slice(at + 472, at + 472 + WINDOW),
  };
}

/** Runs every case, one after the other in one process. */
export async function runNative(
  path: string,
  cases: readonly NativeCase[],
): Promise<NativeResult[]> {
  const child = new Deno.Command(path, { stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  const sending = writer.write(encode(cases)).then(() => writer.close());
  const { stdout, code, signal } = await child.output();
  await sending.catch(() => {});
  if (code !== 0) {
    const at = cases[Math.floor(stdout.length / OUT_BYTES)];
    const hex = at?.code.toHex();
    throw new Error(`Native program ended with ${signal ?? code} at or after ${hex}`);
  }
  if (stdout.length !== cases.length * OUT_BYTES) {
    throw new Error(`Native program answered ${stdout.length} bytes for ${cases.length} cases`);
  }
  return cases.map((_, i) => decodeResult(stdout, i * OUT_BYTES));
}
