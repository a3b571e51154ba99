import { recordedSets } from "@ioeventfd/advisor";
import type { RecordedSet } from "@ioeventfd/advisor";
import { CaptureError } from "@ioeventfd/capture";
import { InputError } from "../cli_error.ts";
import type { Context } from "../command.ts";
import { looksLikeJson, peek } from "../peek.ts";
import { ReadingProgress } from "../reading_progress.ts";
import { utf8Text } from "../utf8_text.ts";

/**
 * An input that is a set of registrations as JSON, or a recording with at least one.
 *
 * @param context Where from
 * @param path File, or `-`
 * @param name Name of the input, for errors
 * @returns The JSON as text, or the set of every VM
 * @throws {InputError} when it is neither
 */
export async function readSets(
  context: Context,
  path: string,
  name: string,
): Promise<string | RecordedSet[]> {
  const progress = new ReadingProgress(context, path);
  try {
    const broken = (): Error => new InputError(`${name}: broken gzip data: is the file cut off?`);
    const input = await peek(await progress.open(broken));
    if (looksLikeJson(input) || input.head.length === 0) return await utf8Text(input.stream, name);
    const sets = await recordedSets(input.stream);
    if (sets.length > 0) return sets;
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    throw new InputError(`${name}: neither a set as JSON nor a recording: ${error.message}`);
  } finally {
    await progress.finish();
  }
  throw new InputError(
    `${name}: the recording has no call of KVM_IOEVENTFD: record the VMM from its start, with its ioctls`,
  );
}
