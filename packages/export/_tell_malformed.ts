import type { TraceParser } from "@ioeventfd/capture";
import type { ExportOptions } from "./export_options.ts";

/** Tells of the malformed lines that a parser saw, at its end. */
export function tellMalformed(
  { counts, malformedLines }: TraceParser,
  { onMalformed }: Pick<ExportOptions, "onMalformed">,
): void {
  if (counts.malformed > 0) onMalformed?.({ count: counts.malformed, lines: malformedLines });
}
