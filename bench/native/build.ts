/**
 * Builds the native peer.
 *
 * @module
 */

/** The peer, or why there is none. */
export type NativePeer =
  | { readonly path: string; readonly compiler: string }
  | { readonly path: null; readonly reason: string };

/**
 * Builds it with `cc -O2`.
 *
 * @param folder Where the program goes
 */
export async function buildPeer(folder: string): Promise<NativePeer> {
  const sources = ["peer.c", "scan.c"].map((name) => new URL(name, import.meta.url).pathname);
  const path = `${folder}/peer`;
  try {
    const args = ["-O2", "-Wall", "-pthread", "-o", path, ...sources];
    const { success, stderr } = await new Deno.Command("cc", { args, stdin: "null" }).output();
    if (!success) return { path: null, reason: `cc failed: ${firstLine(stderr)}` };
    const version = await new Deno.Command("cc", { args: ["--version"] }).output();
    return { path, compiler: `${firstLine(version.stdout)}, -O2` };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { path: null, reason: "there is no cc" };
    throw error;
  }
}

function firstLine(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).split("\n")[0]!;
}
