/**
 * What the inputs of `ioeventfd report` are, by their content: recordings, or JSON of `compare` and `bench`.
 *
 * @module
 */
import { CaptureError } from "@ioeventfd/capture";
import { readDocument, type ReportPart, studyRecording } from "@ioeventfd/report";
import type { KernelRelease } from "@ioeventfd/uapi";
import { InputError } from "../cli_error.ts";
import type { Context } from "../command.ts";
import { inputName } from "../host.ts";
import { looksLikeJson } from "../peek.ts";
import { ReadingProgress } from "../reading_progress.ts";

/** Bytes of JSON at most: the outputs of compare and bench are some thousands. */
const longestJson = 4 << 20;

/**
 * Reads an input.
 *
 * @param context Where from
 * @param path File, or `-`
 * @param recordedOn Kernel that was recorded
 * @throws {InputError} when it cannot be read, or is none of the three
 */
export async function readPart(
  context: Context,
  path: string,
  recordedOn: KernelRelease,
): Promise<ReportPart> {
  const name = inputName(path);
  const progress = new ReadingProgress(context, path);
  const stream = await progress.open();
  try {
    const { isJson, chunks } = await look(stream);
    if (isJson) return readDocument(name, await jsonText(chunks, name));
    return { kind: "recording", name, study: await studyRecording(chunks, { recordedOn }) };
  } catch (error) {
    if (error instanceof CaptureError) {
      throw new InputError(`${name}:${error.line || 1}: ${error.message}`);
    }
    if (error instanceof SyntaxError) throw new InputError(`${name}: ${error.message}`);
    throw error;
  } finally {
    await progress.finish();
  }
}

/** Looks at the beginning of a stream, up to what is not blank. */
async function look(
  stream: ReadableStream<Uint8Array>,
): Promise<{ isJson: boolean; chunks: AsyncGenerator<Uint8Array> }> {
  const reader = stream.getReader();
  const seen: Uint8Array[] = [];
  let isBlank = true;
  while (isBlank) {
    const { done, value } = await reader.read();
    if (done) break;
    seen.push(value);
    isBlank = seen.length < 64 && value.every((byte) => byte <= 0x20);
  }
  const isJson = seen.length > 0 && looksLikeJson({ head: seen.at(-1)!, stream });
  return { isJson, chunks: chunksOf(seen, reader) };
}

async function* chunksOf(
  seen: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* seen;
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function jsonText(chunks: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const chunk of chunks) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > longestJson) {
        throw new InputError(`${name}: JSON too long to be of compare or bench`);
      }
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new InputError(`${name}: not UTF-8 text`);
    throw error;
  }
}
