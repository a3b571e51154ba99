/**
 * `docs/differences.md` from what was compared.
 *
 * @module
 */
import type { Comparison, Report } from "./comparison.ts";

const most = 50;

const notCompared = `## What is not compared

- **The fast MMIO path, EPT, and tracepoints of VMX**, where the host has no EPT: \`kvm_exit\` and
  \`kvm_fast_mmio\` never fire there. The recordings in \`captures/\` are real, too, and come from such
  hosts; what is modelled of EPT follows from the kernel's source.
- **Releases other than the host's.** \`vectors/derived/\` holds what follows from their source.
- **Time.** What a kick costs is measured, not modelled: \`deno task ioeventfd bench\`.
- **Races.** Cases, vectors and histories do one thing after the other.
- **Blocked threads, fork and exec of eventfd(2).** Their cases were run in C on a live kernel first;
  their ids are in the tests of \`packages/eventfd/\`.
- **Instructions that touch no device, and opcodes that nothing uses.** Where KVM emulates all kernel
  code of a guest, as on the host of \`vectors/live/\`, its emulator shows where a CPU would have run:
  INT in 64-bit mode and some hints end in an internal error there, MOVBE and a load of CS read before
  they raise #UD. The model has a CPU for those. Undefined flags are whatever they are on either side.
`;

function row({ what, compared, skipped, found }: Comparison): string {
  return `| ${what} | ${compared} | ${skipped.length} | ${found.length} |`;
}

function differences(comparisons: readonly Comparison[]): string {
  const found = comparisons.flatMap((one) => one.found);
  if (found.length === 0) return "None.\n";
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const rows = found.slice(0, most).map(({ id, kernel, model }) =>
    `| ${cell(id)} | ${cell(kernel)} | ${cell(model)} |`
  );
  const rest = found.length > most ? [`\nAnd ${found.length - most} more.`] : [];
  return ["| where | the kernel | the model |", "| --- | --- | --- |", ...rows, ...rest, ""].join(
    "\n",
  );
}

function skips(comparisons: readonly Comparison[]): string {
  const reasons = Map.groupBy(comparisons.flatMap(({ skipped }) => skipped), (reason) => reason);
  if (reasons.size === 0) return "";
  const lines = [...reasons].map(([reason, { length }]) => `- ${length}: ${reason}`);
  return `Left out on this host:\n\n${lines.join("\n")}\n\n`;
}

/**
 * The page.
 *
 * @param report What was compared
 * @returns Markdown, before formatting
 */
export function differencesPage({ kernel, model, paging, comparisons }: Report): string {
  const compared = comparisons.reduce((sum, one) => sum + one.compared, 0);
  const found = comparisons.reduce((sum, one) => sum + one.found.length, 0);
  const how = paging === "ept"
    ? "with EPT, on a host with EPT"
    : "without EPT, on a host without it";
  return `# Differences

Where the model and a live kernel differ. Written by \`deno task differences\`; on another host it
says what is true there.

- Kernel: Linux ${kernel}, x86-64
- Model: Linux ${model}, ${how}
- Compared: ${compared} things, of which ${found} differ

## What differs

${differences(comparisons)}
## What was compared

| what | compared | left out | differ |
| --- | ---: | ---: | ---: |
${comparisons.map(row).join("\n")}

${
    skips(comparisons)
  }Cases are those of \`tests/cases/\`, vectors those of \`vectors/\`. Random cases are drawn by
\`packages/conform/random/\`, as \`deno task ioeventfd conform\` draws them; sets by
\`tools/count_dead_doorbells.ts\`.

${notCompared}`;
}
