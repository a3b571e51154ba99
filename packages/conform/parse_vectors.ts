/**
 * Vector files as streams.
 *
 * @module
 */
import { lineStream } from "./line_stream.ts";
import { parseVector } from "./parse_vector.ts";
import type { Vector } from "./vector.ts";

/**
 * The vectors of a file, one line each; empty lines are passed over.
 *
 * @param stream Bytes of JSON lines, gzip or plain
 * @param source Name of the file, for errors
 * @returns Vectors as they come
 * @throws {InputSyntaxError} at the first line that is not a vector
 *
 * @example
 * ```ts
 * import { parseVectors } from "@ioeventfd/conform";
 *
 * const line = '{"id":"a","kind":"bus","bus":"pio","ops":[],"writes":[],"counters":[],"userspace":[]}\n';
 * for await (const vector of parseVectors(new Response(line).body!, "example")) {
 *   if (vector.kind !== "bus") throw new Error("not as written");
 * }
 * ```
 */
export async function* parseVectors(
  stream: ReadableStream<Uint8Array>,
  source: string,
): AsyncGenerator<Vector, void> {
  let line = 0;
  for await (const text of lineStream(stream, source)) {
    line++;
    if (text.trim() !== "") yield parseVector(text, source, line);
  }
}
