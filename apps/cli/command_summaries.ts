/**
 * Names and summaries of the commands, apart from all that the commands themselves need: `ioeventfd --help` starts in a
 * fraction of the time.
 *
 * @module
 */
import type { Command } from "./command.ts";

/** What each subcommand does, in one line, in the order help shows them: that of `commands.ts`. */
export const commandSummaries = {
  run: "Play scenarios on the model or on the host's KVM",
  record: "Record a VMM on this host, for replay, report and watch",
  replay: "A recording of a VMM through the model: doorbells, and every exit explained",
  watch: "A live doorbell table over a recording that grows",
  report: "One page of HTML about recordings: doorbells, exits over time, costs, lost kicks",
  export: "A recording for Perfetto, for trace readers, as CSV or as Parquet",
  compare: "What a kick costs, by the shape of its doorbell: work, modelled cycles, host ns",
  explain: "One registration: the errno, the check that refuses, the collision, by release",
  lint: "Registrations that were accepted and do not fire, and an order in which they do",
  plan: "The ioctls from one set of registrations to another, in an order that loses no kick",
  conform: "Random histories on the model and on this host's KVM, or vectors on either",
  bench: "What a kick costs on this host's kernel, by the shape of its doorbell",
  caps: "Capabilities and rules by kernel release",
  doctor: "What this host can do: KVM, fast MMIO, tracing, programs",
  completions: "A completion script for bash, zsh or fish",
  man: "The manual page, in man(7) format",
} as const;

/** The table of commands in short. */
export const summaries: readonly Pick<Command, "name" | "summary">[] = Object
  .entries(commandSummaries).map(([name, summary]) => ({ name, summary }));
