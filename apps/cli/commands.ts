/**
 * The table of commands: help, completions and the man page come from it.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { caps } from "./commands/caps.ts";
import { compare } from "./commands/compare.ts";
import { completions } from "./commands/completions.ts";
import { conform } from "./commands/conform.ts";
import { doctor } from "./commands/doctor.ts";
import { explain } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { lint } from "./commands/lint.ts";
import { man } from "./commands/man.ts";
import { plan } from "./commands/plan.ts";
import { record } from "./commands/record.ts";
import { replay } from "./commands/replay.ts";
import { report } from "./commands/report.ts";
import { run } from "./commands/run.ts";
import { watch } from "./commands/watch.ts";

/** Every subcommand, in the order help shows them. */
export const commands: readonly Command[] = [
  run,
  record,
  replay,
  watch,
  report,
  exportCommand,
  compare,
  explain,
  lint,
  plan,
  conform,
  bench,
  caps,
  doctor,
  completions,
  man,
];
