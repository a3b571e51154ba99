import { KvmUnavailableError } from "./kvm_unavailable_error.ts";

const glibc = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/libc.so.6",
  "/run/current-system/sw/lib/libc.so.6",
  "libc.so.6",
];

const musl = [
  "/lib/ld-musl-x86_64.so.1",
  "/lib/libc.musl-x86_64.so.1",
  "/usr/lib/libc.so",
];

/**
 * Where a C library may be. One process must not load two kinds of it, so the candidates are of the kind that Deno
 * itself was built against.
 */
export function libcCandidates(target: string = Deno.build.target): readonly string[] {
  return target.endsWith("-musl") ? musl : glibc;
}

function permitted(path: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
}

/**
 * Opens the first C library that is there and that the process may load. It never prompts: a prompt answered for one
 * path would still leave the library closed.
 *
 * @param open Opens a library, and throws when it is not there
 * @param path The only one to try
 * @throws {KvmUnavailableError} with every path tried and why it would not do
 */
export function openLibc<T>(open: (path: string) => T, path?: string): T {
  const refused: string[] = [];
  let denied = 0;
  const candidates = path === undefined ? libcCandidates() : [path];
  for (const candidate of candidates) {
    if (!permitted(candidate)) {
      denied++;
      refused.push(`${candidate} (not permitted)`);
      continue;
    }
    try {
      return open(candidate);
    } catch (error) {
      refused.push(`${candidate} (${(error as Error).message.split(": ").at(-1)})`);
    }
  }
  const hint = denied === candidates.length
    ? `FFI is not permitted: run with --allow-ffi=${candidates[0]}, the absolute path of libc`
    : "No C library could be opened: name its absolute path in --allow-ffi and in the libc option";
  throw new KvmUnavailableError(`${hint}; tried ${refused.join(", ")}`);
}
