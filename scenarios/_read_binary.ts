/**
 * Guest programs that are files.
 *
 * @module
 */

/**
 * Reads machine code. It needs `--allow-read` of the file.
 *
 * @param url Where it is: `new URL("./guests/kick.bin", import.meta.url)`
 * @throws {Error} saying which file cannot be read
 */
export async function readBinary(url: URL): Promise<Uint8Array> {
  try {
    return await Deno.readFile(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot read the guest ${url.pathname}: ${why}`);
  }
}
