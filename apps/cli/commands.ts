/**
 * The table of commands: help, completions and the man page come from it.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { caps } from "./commands/caps.ts";
import { completions } from "./commands/completions.ts";
import { man } from "./commands/man.ts";

/** Every subcommand, in the order help shows them. */
export const commands: readonly Command[] = [caps, completions, man];
