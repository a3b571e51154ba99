/**
 * A remark on what of a recording could not be read, such as a last line that is cut off.
 *
 * @module
 */
import { counted } from "@ioeventfd/capture/counted";
import type { ReplayReport } from "@ioeventfd/capture";
import type { Context } from "./command.ts";

/**
 * Says on stderr how many lines of a recording are malformed, where some are.
 *
 * @param context Where to, unless `--quiet`
 * @param name Name of the input
 * @param malformed What a reader of recordings found
 */
export async function remarkMalformed(
  { quiet, stderr }: Pick<Context, "quiet" | "stderr">,
  name: string,
  { count, lines }: ReplayReport["malformed"],
): Promise<void> {
  if (quiet || count === 0) return;
  await stderr.write(
    `${name}: ${counted(count, "malformed line")}, the first at line ${lines[0]}\n`,
  );
}
