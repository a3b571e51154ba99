/**
 * What an input is, by its first bytes.
 *
 * @module
 */
import { CaptureError } from "@ioeventfd/capture";
import { InputError } from "./cli_error.ts";

/** A stream whose first bytes were seen; they come again. */
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
 * @param source The stream, which unpackGzip may have made
 * @param name Name of the input, for errors
 * @returns First bytes, and the stream from its beginning
 */
export async function peek(source: ReadableStream<Uint8Array>, name: string): Promise<Peeked> {
  return await look(source, (error) => {
    if (!(error instanceof CaptureError)) return error;
    return new InputError(`${name}: broken gzip data: is the file cut off?`);
  });
}

/** Whether the first bytes that are not blank, nor a byte order mark, begin a JSON array or object. */
export function looksLikeJson({ head }: Peeked): boolean {
  const isMarked = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  const first = head.subarray(isMarked ? 3 : 0).find((byte) => byte > 0x20);
  return first === 0x5b || first === 0x7b;
}

async function look(
  source: ReadableStream<Uint8Array>,
  explain: (error: unknown) => unknown,
): Promise<Peeked> {
  const reader = source.getReader();
  const read = async (): Promise<Uint8Array | undefined> => {
    try {
      return (await reader.read()).value;
    } catch (error) {
      throw explain(error);
    }
  };
  const seen: Uint8Array[] = [];
  let length = 0;
  for (let chunk = await read(); chunk !== undefined; chunk = await read()) {
    seen.push(chunk);
    length += chunk.length;
    if (length >= wanted) break;
  }
  const head = new Uint8Array(await new Blob(seen.map((chunk) => chunk.slice())).arrayBuffer());
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const next = seen.shift() ?? await read();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason);
    },
  });
  return { head: head.subarray(0, wanted), stream };
}

/**
 * The text of a stream that was looked at.
 *
 * @param peeked The stream
 * @param name Name of the input, for errors
 * @returns Its text
 * @throws {InputError} when it is not UTF-8, or broken gzip data
 */
export async function textOf({ stream }: Peeked, name: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const chunk of stream) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new InputError(`${name}: not UTF-8 text`);
    throw error;
  }
}
