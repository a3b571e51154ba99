/**
 * The `ioeventfd` command.
 *
 * @module
 */
import { exitCode } from "./cli_error.ts";
import { denoHost } from "./deno_host.ts";
import { runCommandLine } from "./run_command_line.ts";

if (import.meta.main) {
  // Not awaited here: while a module is being evaluated, nothing is told of an event loop that has run dry.
  Deno.exitCode = exitCode.internal;
  runCommandLine(Deno.args, denoHost()).then((code) => Deno.exit(code));
}
