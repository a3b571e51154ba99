/**
 * gzip of one member or of several, as `cat a.gz b.gz`, pigz and bgzip make it: `DecompressionStream` reads one.
 *
 * @module
 */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CaptureError } from "@ioeventfd/capture";

/**
 * A stream, unpacked where its first bytes are those of gzip.
 *
 * @param source Bytes; its own errors come through as they are
 * @param broken Makes the error for packed data that is damaged or cut off; readers of recordings add the line to the one
 * there is unless given
 * @returns What it holds
 */
export function unpackGzip(
  source: ReadableStream<Uint8Array>,
  broken: () => Error = () => new CaptureError("The gzip data is damaged or cut off", 0),
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const bytes = unpacked(reader, broken);
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const { done, value } = await bytes.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason);
      await bytes.return(undefined);
    },
  }, { highWaterMark: 0 });
}

async function* unpacked(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  broken: () => Error,
): AsyncGenerator<Uint8Array> {
  const { seen, isGzip } = await beginning(reader);
  const whole = chunks(seen, reader);
  yield* isGzip ? members(whole, broken) : whole;
}

async function beginning(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ readonly seen: readonly Uint8Array[]; readonly isGzip: boolean }> {
  const seen: Uint8Array[] = [];
  const head: number[] = [];
  while (head.length < 2) {
    const { done, value } = await reader.read();
    if (done) break;
    seen.push(value);
    head.push(...value.subarray(0, 2));
  }
  return { seen, isGzip: head[0] === 0x1f && head[1] === 0x8b };
}

async function* chunks(
  seen: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* seen;
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

async function* members(
  packed: AsyncIterable<Uint8Array>,
  broken: () => Error,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 1 << 16 });
  // What goes wrong on either side comes out of the iteration.
  pipeline(Readable.from(packed, { objectMode: true }), gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    throw broken();
  }
}
