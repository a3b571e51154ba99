/**
 * gzip of one member or of several, as `cat a.gz b.gz`, pigz and bgzip make it: `DecompressionStream` reads one.
 *
 * @module
 */
import { finished } from "node:stream/promises";
import { createGunzip, type Gunzip } from "node:zlib";
import { CaptureError } from "@ioeventfd/capture";

/** So much is unpacked at a time: a thousand times as much at most. */
const packedBytes = 1 << 15;

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
  const ready: Uint8Array[] = [];
  gunzip.on("data", (piece: Uint8Array) => void ready.push(piece));
  const over = finished(gunzip);
  over.catch(() => undefined); // it is awaited below
  try {
    for await (const chunk of packed) {
      for (let from = 0; from < chunk.length; from += packedBytes) {
        await Promise.race([written(gunzip, chunk.subarray(from, from + packedBytes)), over]);
        yield* ready.splice(0);
      }
    }
    gunzip.end();
    await over;
    yield* ready.splice(0);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    // All that came before the damage, so that each reader tells the same place.
    yield* ready.splice(0);
    throw broken();
  } finally {
    gunzip.destroy();
  }
}

function written(gunzip: Gunzip, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => gunzip.write(bytes, () => resolve()));
}
