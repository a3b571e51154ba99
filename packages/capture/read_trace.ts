/**
 * From a stream of bytes, compressed or not, to the parser; and clear words about what is no recording.
 *
 * @module
 */
import { ByteOrderMark } from "./_byte_order_mark.ts";
import { CaptureError } from "./capture_error.ts";
import { foreignFormat, looksBinary } from "./_foreign_format.ts";
import type { TraceParser } from "./trace_parser.ts";

/** Where the bytes of a recording come from. */
export type TraceSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Uint8Array;

/**
 * Feeds a recording to a parser, through gunzip where its first bytes say so, and checks that there was one.
 *
 * @param source Bytes in chunks of any size
 * @param parser Takes them; its `end` is called
 * @param onChunk Called after each chunk, with the bytes read so far (before gunzip); may wait
 * @throws {CaptureError} for what is empty, binary, cut off within gzip, or has no event of KVM; one of line 0 that the
 * source itself throws comes with the line
 */
export async function readTrace(
  source: TraceSource,
  parser: TraceParser,
  onChunk?: (bytesRead: number) => void | Promise<void>,
): Promise<void> {
  const input = new Input(source, onChunk);
  const head = await input.head();
  const foreign = foreignFormat(head);
  if (foreign !== undefined) throw new CaptureError(foreign, 1);
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  const mark = new ByteOrderMark();
  try {
    for await (const chunk of gzip ? gunzip(input) : input) parser.push(mark.skip(chunk));
  } catch (error) {
    const line = parser.counts.lines + 1;
    if (!gzip || input.failed || !(error instanceof Error)) throw located(error, line);
    const what = `The gzip data is damaged or cut off at line ${line}`;
    throw new CaptureError(`${what} (several gzip files in one must be unpacked first)`, line);
  }
  parser.end();
  if (parser.counts.events === 0) throw nothingUsable(parser, head);
}

/** What a source that unpacks says of its data has no line yet. */
function located(error: unknown, line: number): unknown {
  if (!(error instanceof CaptureError) || error.line !== 0) return error;
  return new CaptureError(`${error.message} at line ${line}`, line);
}

function gunzip(input: Input): AsyncIterable<Uint8Array> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const { done, value } = await input.next();
      if (done === true) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
  }, { highWaterMark: 0 });
  return chunks(stream.pipeThrough(new DecompressionStream("gzip")));
}

/** The chunks of a source, with its first bytes seen beforehand. */
class Input implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #onChunk: ((bytesRead: number) => void | Promise<void>) | undefined;
  readonly #seen: Uint8Array[] = [];
  #failure: { readonly error: unknown } | undefined;
  #bytes = 0;

  constructor(source: TraceSource, onChunk?: (bytesRead: number) => void | Promise<void>) {
    this.#source = chunks(source)[Symbol.asyncIterator]();
    this.#onChunk = onChunk;
  }

  /** The source itself failed, which is not the data's fault. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The first bytes, up to 512 where there are so many; they come again, and after them what went wrong. */
  async head(): Promise<Uint8Array> {
    let length = 0;
    while (length < 512) {
      const next = await this.#pull().catch(() => undefined);
      if (next === undefined || next.done === true) break;
      this.#seen.push(next.value);
      length += next.value.length;
    }
    const head = new Uint8Array(length);
    let at = 0;
    for (const chunk of this.#seen) {
      head.set(chunk, at);
      at += chunk.length;
    }
    return head;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const seen = this.#seen.shift();
    const result = seen === undefined ? await this.#pull() : { done: false, value: seen };
    if (result.done !== true) {
      this.#bytes += result.value.length;
      await this.#onChunk?.(this.#bytes);
    }
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  async #pull(): Promise<IteratorResult<Uint8Array>> {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return await this.#source.next();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

/** Safari's ReadableStream is no AsyncIterable. A stream's next chunk is on its way while this one is parsed. */
async function* chunks(source: TraceSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) return yield source;
  if (!("getReader" in source)) return yield* source;
  const reader = source.getReader();
  try {
    for (let next = reader.read();;) {
      const { done, value } = await next;
      if (done) return;
      next = reader.read();
      next.catch(() => undefined); // it is awaited in the next round
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function nothingUsable(parser: TraceParser, head: Uint8Array): CaptureError {
  const { lines, otherEvents, malformed } = parser.counts;
  if (lines === 0) return new CaptureError("The recording is empty", 1);
  if (otherEvents > 0) {
    return new CaptureError(
      `None of the events (${otherEvents}) is one of KVM's I/O: record kvm:kvm_mmio, kvm:kvm_pio and ` +
        "kvm:kvm_userspace_exit",
      lines,
    );
  }
  if (malformed === 0) {
    return new CaptureError("The recording has a header and no event", lines);
  }
  const line = parser.malformedLines[0]!;
  const what = looksBinary(head) ? "binary data" : "not a line of bpftrace or ftrace text";
  return new CaptureError(`Line ${line} is ${what}, and no line of the ${lines} is an event`, line);
}
