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

/** What finding a C library depends on. */
export interface LibcSearch<T> {
  /** Opens a library, and throws when it is not there. */
  open(path: string): T;
  /** Whether the process may open it. */
  permitted?(path: string): boolean;
  /** The only path to try. */
  readonly path?: string | undefined;
}

/**
 * Opens the first C library that is there and that the process may load. It never prompts: a prompt answered for one
 * path would still leave the library closed.
 *
 * @throws {KvmUnavailableError} with every path tried and why it would not do
 */
export function openLibc<T>(search: LibcSearch<T>): T {
  const isPermitted = search.permitted ?? permitted;
  const candidates = search.path === undefined ? libcCandidates() : [search.path];
  const tried = candidates.filter(isPermitted);
  const failed: string[] = [];
  for (const candidate of tried) {
    try {
      return search.open(candidate);
    } catch (error) {
      failed.push(`${candidate} (${(error as Error).message.split(": ").at(-1)})`);
    }
  }
  if (tried.length === 0) {
    throw new KvmUnavailableError(
      `FFI is not permitted: run with --allow-ffi=${candidates[0]}, the absolute path of libc; ` +
        `known are ${candidates.join(", ")}`,
    );
  }
  const others = candidates.filter((candidate) => !tried.includes(candidate));
  const more = others.length === 0 ? "" : `; not permitted are ${others.join(", ")}`;
  throw new KvmUnavailableError(`No C library could be opened; tried ${failed.join(", ")}${more}`);
}
