/**
 * What the inputs of `ioeventfd report` are, by their content: recordings, or JSON of `compare` and `bench`.
 *
 * @module
 */
import { CaptureError } from "@ioeventfd/capture";
import { readDocument, type ReportPart, studyRecording } from "@ioeventfd/report";
import { InputError } from "../cli_error.ts";
import type { Context } from "../command.ts";
import { inputName } from "../host.ts";
import { recordedOn } from "../kernel_option.ts";
import { remarkMalformed } from "../malformed_remark.ts";
import { looksLikeJson, peek } from "../peek.ts";
import { ReadingProgress } from "../reading_progress.ts";
import { utf8Text } from "../utf8_text.ts";

/** Bytes of JSON at most: the outputs of compare and bench are some thousands. */
const longestJson = 4 << 20;

/**
 * Reads an input.
 *
 * @param context Where from
 * @param path File, or `-`
 * @throws {InputError} when it cannot be read, or is none of the three
 */
export async function readPart(context: Context, path: string): Promise<ReportPart> {
  const name = inputName(path);
  const asked = recordedOn(context.options);
  const progress = new ReadingProgress(context, path);
  const stream = await progress.open();
  try {
    const input = await peek(stream);
    if (looksLikeJson(input)) {
      return readDocument(name, await utf8Text(shortEnough(input.stream, name), name));
    }
    const study = await studyRecording(input.stream, asked);
    await progress.finish();
    await remarkMalformed(context, name, study.recorded.malformed);
    return { kind: "recording", name, study };
  } catch (error) {
    if (error instanceof CaptureError) {
      throw new InputError(`${name}:${error.line}: ${error.message}`);
    }
    if (error instanceof SyntaxError) throw new InputError(`${name}: ${error.message}`);
    throw error;
  } finally {
    await progress.finish();
  }
}

/** The chunks of what may be a document. */
async function* shortEnough(
  stream: ReadableStream<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > longestJson) {
      throw new InputError(`${name}: JSON too long to be of compare or bench`);
    }
    yield chunk;
  }
}
