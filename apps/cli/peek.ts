/**
 * What an input is, by its first bytes.
 *
 * @module
 */

/** A stream whose first bytes were seen; they come again, and an error that ended them comes after them. */
export interface Peeked {
  /** Up to 512 bytes, fewer where the stream is shorter. */
  readonly head: Uint8Array;
  /** The whole stream. */
  readonly stream: ReadableStream<Uint8Array>;
}

const wanted = 512;

/**
 * Looks at the beginning of a stream.
 *
 * @param source The stream
 * @returns First bytes, and the stream from its beginning
 */
export async function peek(source: ReadableStream<Uint8Array>): Promise<Peeked> {
  const reader = source.getReader();
  const seen: Uint8Array[] = [];
  try {
    for (let length = 0; length < wanted;) {
      const { done, value } = await reader.read();
      if (done) break;
      seen.push(value);
      length += value.length;
    }
  } catch {
    // The reader fails again, once what it gave has been read.
  }
  const head = new Uint8Array(await new Blob(seen.map((chunk) => chunk.slice())).arrayBuffer());
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const next = seen.shift() ?? (await reader.read()).value;
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return { head: head.subarray(0, wanted), stream };
}

/** Whether the first bytes that are not blank, nor a byte order mark, begin a JSON array or object. */
export function looksLikeJson({ head }: Peeked): boolean {
  const isMarked = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const first = head.subarray(isMarked ? 3 : 0).find((byte) => byte > 0x20);
  return first === 0x5b || first === 0x7b;
}
