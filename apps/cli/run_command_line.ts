/**
 * One run of the command in a given world, from arguments to exit code.
 *
 * @module
 */
import { CaptureError } from "@ioeventfd/capture/capture-error";
import { CliError, exitCode, UsageError } from "./cli_error.ts";
import type { Command, OptionSpec } from "./command.ts";
import { summaries } from "./command_summaries.ts";
import { commandHelp, overview } from "./help.ts";
import { BrokenPipeError, InterruptedError } from "./host.ts";
import type { Host } from "./host.ts";
import { checkOperands, globalOptions, parseCommandLine } from "./parse_command_line.ts";
import { chooseStyle, plainStyle } from "./style.ts";
import { version } from "./version.ts";
import { nearestName } from "./_nearest_name.ts";

/**
 * Runs the command. Whatever goes wrong ends as one line on stderr and an exit code.
 *
 * @param args Arguments after the program's name
 * @param host The world to run in
 * @returns The exit code
 */
export async function runCommandLine(args: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(args, host);
  } catch (error) {
    if (error instanceof BrokenPipeError) return exitCode.ok;
    const [code, message] = describe(error);
    try {
      await host.stderr.write(`ioeventfd: ${message}\n`);
    } catch {
      // Nobody is left to be told.
    }
    return code;
  }
}

async function dispatch(args: readonly string[], host: Host): Promise<number> {
  const at = args.findIndex((arg) => !arg.startsWith("-"));
  const name = at === -1 ? undefined : args[at]!;
  if (name === undefined) return await withoutCommand(args, host);
  const others = [...args.slice(0, at), ...args.slice(at + 1)];
  if (name === "help") return await help(others, host);
  const command = await find(name);
  const specs: OptionSpec[] = [...command.options, ...globalOptions];
  const { operands, rest, options } = parseCommandLine(others, specs, command.passThrough);
  const style = chooseStyle(host, options.has("color") ? options.flag("color") : undefined);
  if (options.flag("help")) {
    await host.stdout.write(commandHelp(command, style, host.stdout));
    return exitCode.ok;
  }
  if (options.flag("version")) return await printVersion(host);
  checkOperands(command, operands);
  return await command.run({
    ...host,
    operands,
    rest,
    options,
    style,
    commands: await load(),
    quiet: options.flag("quiet"),
  });
}

async function withoutCommand(args: readonly string[], host: Host): Promise<number> {
  const { options } = parseCommandLine(args, globalOptions);
  if (options.flag("version")) return await printVersion(host);
  const asked = options.flag("help");
  const style = chooseStyle(host, options.has("color") ? options.flag("color") : undefined);
  if (asked) await host.stdout.write(overview(summaries, style, host.stdout));
  else await host.stderr.write(overview(summaries, plainStyle, host.stderr));
  return asked ? exitCode.ok : exitCode.usage;
}

async function help(args: readonly string[], host: Host): Promise<number> {
  const { operands, options } = parseCommandLine(args, globalOptions);
  const style = chooseStyle(host, options.has("color") ? options.flag("color") : undefined);
  const [name] = operands;
  const text = name === undefined || name === "help"
    ? overview(summaries, style, host.stdout)
    : commandHelp(await find(name), style, host.stdout);
  await host.stdout.write(text);
  return exitCode.ok;
}

/** The table of commands, with all they need: what only prints the overview has no time for that. */
async function load(): Promise<readonly Command[]> {
  return (await import("./commands.ts")).commands;
}

async function find(name: string): Promise<Command> {
  const commands = await load();
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const meant = nearestName(name, [...commands.map((one) => one.name), "help"]);
  const hint = meant === undefined ? "; see ioeventfd --help" : `, did you mean ${meant}?`;
  throw new UsageError(`unknown command "${name}"${hint}`);
}

async function printVersion(host: Host): Promise<number> {
  await host.stdout.write(`ioeventfd ${version}\n`);
  return exitCode.ok;
}

function describe(error: unknown): [code: number, message: string] {
  if (error instanceof CliError && error.exitCode !== exitCode.input) {
    return [error.exitCode, error.message];
  }
  if (
    error instanceof CliError || error instanceof SyntaxError || error instanceof CaptureError
  ) return [exitCode.input, printable(error.message)];
  if (error instanceof InterruptedError) return [exitCode.interrupted, error.message];
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return [exitCode.internal, `a mistake in this program: ${what}`];
}

/** Messages may quote the input, which holds anything. */
function printable(message: string): string {
  return message.replace(/\p{Cc}+/gu, (found) => found.includes("\n") ? " " : "\ufffd");
}
