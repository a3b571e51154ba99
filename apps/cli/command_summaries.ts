/**
 * Names and summaries of the commands, apart from all that the commands themselves need: `ioeventfd --help` starts in a
 * fraction of the time.
 *
 * @module
 */
import type { Command } from "./command.ts";

/** Every subcommand, in the order help shows them: that of `commands.ts`. A command stands in both. */
export const summaries: readonly Pick<Command, "name" | "summary">[] = [
  { name: "run", summary: "Plays scenarios on the model or on the host's KVM" },
  { name: "record", summary: "Record a VMM on this host, for replay, report and watch" },
  {
    name: "replay",
    summary: "A recording of a VMM through the model: doorbells, and every exit explained",
  },
  { name: "watch", summary: "A live doorbell table over a recording that grows" },
  {
    name: "report",
    summary: "One page of HTML about recordings: doorbells, exits over time, costs, lost kicks",
  },
  { name: "export", summary: "A recording for Perfetto, for trace readers, as CSV or as Parquet" },
  {
    name: "compare",
    summary: "What a kick costs, by the shape of its doorbell: work, modelled cycles, host ns",
  },
  {
    name: "explain",
    summary: "One registration: the errno, the check that refuses, the collision, by release",
  },
  {
    name: "lint",
    summary: "Registrations that were accepted and do not fire, and an order in which they do",
  },
  {
    name: "plan",
    summary: "The ioctls from one set of registrations to another, in an order that loses no kick",
  },
  {
    name: "conform",
    summary: "Random histories on the model and on this host's KVM, or vectors on either",
  },
  {
    name: "bench",
    summary: "What a kick costs on this host's kernel, by the shape of its doorbell",
  },
  { name: "caps", summary: "Capabilities and rules by kernel release" },
  { name: "doctor", summary: "What this host can do: KVM, fast MMIO, tracing, programs" },
  { name: "completions", summary: "A completion script for bash, zsh or fish" },
  { name: "man", summary: "The manual page, in man(7) format" },
];
