/**
 * write + read of a real eventfd by Deno's FFI: `eventfd.ts CHUNKS OPS`.
 *
 * @module
 */
import { answer, timeSamples } from "../sampling.ts";

const EFD_NONBLOCK = 0o4000;

const [chunks, ops] = Deno.args.map(Number) as [number, number];
const libc = Deno.dlopen(Deno.build.os === "linux" ? "libc.so.6" : "libc.so", {
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
});
const { eventfd, write, read } = libc.symbols;
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
