/**
 * Lines of a byte stream of any size, gzip or plain.
 *
 * @module
 */
import { InputSyntaxError } from "./json_cursor.ts";

/** Longest line accepted, in UTF-16 units: no vector comes near it, a binary file does. */
const longestLine = 16 * 1024 * 1024;

/**
 * The lines of a stream, without their ends. Empty lines come too, so that counting gives line numbers.
 *
 * @param stream Bytes in UTF-8, gzip where they begin so
 * @param source Name of the input, for errors
 * @returns Lines as they come
 * @throws {InputSyntaxError} when it is not text, or not whole gzip
 */
export async function* lineStream(
  stream: ReadableStream<Uint8Array>,
  source: string,
): AsyncGenerator<string, void> {
  let line = 1;
  let rest = "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  function decode(chunk?: Uint8Array): string {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new InputSyntaxError({ source, line }, "not UTF-8 text: is this a binary file?");
    }
  }
  const { gzip, bytes } = await unpacked(stream);
  try {
    for await (const chunk of bytes) {
      const parts = (rest + decode(chunk)).split("\n");
      rest = parts.pop()!;
      for (const part of parts) {
        yield part.endsWith("\r") ? part.slice(0, -1) : part;
        line++;
      }
      if (rest.length > longestLine) {
        throw new InputSyntaxError({ source, line }, "a line without end: is this a text file?");
      }
    }
  } catch (error) {
    if (!gzip || error instanceof InputSyntaxError || !(error instanceof Error)) throw error;
    throw new InputSyntaxError({ source, line }, "broken gzip data: is the file cut off?");
  }
  rest += decode();
  if (rest !== "") yield rest;
}

/** The stream itself, or what it holds where it begins with the gzip magic. */
async function unpacked(
  stream: ReadableStream<Uint8Array>,
): Promise<{ gzip: boolean; bytes: ReadableStream<Uint8Array> }> {
  const reader = stream.getReader();
  const head: Uint8Array[] = [];
  let length = 0;
  while (length < 2) {
    const { done, value } = await reader.read();
    if (done) break;
    head.push(value);
    length += value.length;
  }
  const [first = 0, second = 0] = head.flatMap((chunk) => [...chunk.subarray(0, 2)]);
  const whole = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const next = head.shift() ?? (await reader.read()).value;
      if (next === undefined) controller.close();
      else controller.enqueue(next as Uint8Array<ArrayBuffer>);
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason);
    },
  });
  const gzip = first === 0x1f && second === 0x8b;
  return { gzip, bytes: gzip ? whole.pipeThrough(new DecompressionStream("gzip")) : whole };
}
