/**
 * The floor of a replay: every byte of the file looked at once, by a loop, and lines counted. `scan.ts FILE`
 *
 * @module
 */
import { answer } from "../sampling.ts";

const path = Deno.args[0]!;
const { size } = await Deno.stat(path);
const file = await Deno.open(path);
const buffer = new Uint8Array(1 << 18);
let lines = 0;
const start = performance.now();
for (;;) {
  const read = await file.read(buffer);
  if (read === null) break;
  lines += newlines(buffer, read);
}
const seconds = (performance.now() - start) / 1000;
file.close();
answer({ mbPerS: size / 1e6 / seconds, lines });

function newlines(bytes: Uint8Array, end: number): number {
  let lines = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === 10) lines++;
  return lines;
}
