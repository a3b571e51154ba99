/**
 * Bytes that are text.
 *
 * @module
 */
import { InputError } from "./cli_error.ts";

/**
 * The text of a whole stream.
 *
 * @param stream Bytes
 * @param name Name of the input, for errors
 * @returns Its text
 * @throws {InputError} when it is not UTF-8
 */
export async function utf8Text(stream: AsyncIterable<Uint8Array>, name: string): Promise<string> {
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
