/**
 * The `ioeventfd` command.
 *
 * @module
 */
import { denoHost } from "./deno_host.ts";
import { runCommandLine } from "./run_command_line.ts";

if (import.meta.main) Deno.exit(await runCommandLine(Deno.args, denoHost()));
