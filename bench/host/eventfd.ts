/**
 * write + read of a real eventfd by Deno's FFI: `eventfd.ts CHUNKS OPS`.
 *
 * @module
 */
import { answer, timeSamples } from "../sampling.ts";
import { libcPaths } from "./libc_paths.ts";

const EFD_NONBLOCK = 0o4000;

const [chunks, ops] = Deno.args.map(Number) as [number, number];
const definitions = {
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
} as const;
const { eventfd, write, read } = libc();
const fd = eventfd(0, EFD_NONBLOCK);
if (fd < 0) throw new Error("There is no eventfd");
const one = new BigUint64Array([1n]);
const got = new BigUint64Array(1);
const [ffiNs] = timeSamples(chunks, [{ ops, run: writeAndRead }]);
answer({ ffiNs });

function writeAndRead(ops: number): void {
  for (let i = 0; i < ops; i++) {
    if (write(fd, one, 8n) !== 8n || read(fd, got, 8n) !== 8n || got[0] !== 1n) {
      throw new Error("The eventfd did not answer");
    }
  }
}

function libc(): Deno.DynamicLibrary<typeof definitions>["symbols"] {
  const failed: unknown[] = [];
  for (const path of libcPaths) {
    try {
      return Deno.dlopen(path, definitions).symbols;
    } catch (error) {
      failed.push(error);
    }
  }
  throw new AggregateError(failed, "There is no C library");
}
