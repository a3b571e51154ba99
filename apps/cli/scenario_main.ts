/**
 * Runs one scenario as a program: `deno run scenarios/NAME.ts`. The model needs no permission.
 *
 * @module
 */
import type { Scenario } from "@ioeventfd/scenario";
import { CliError, exitCode, UsageError } from "./cli_error.ts";
import type { OptionSpec } from "./command.ts";
import { playOptions, playScenarios } from "./commands/_run_play.ts";
import { denoHost } from "./deno_host.ts";
import { optionLines } from "./help.ts";
import { BrokenPipeError } from "./host.ts";
import { globalOptions, parseCommandLine } from "./parse_command_line.ts";
import { chooseStyle } from "./style.ts";

const options: readonly OptionSpec[] = [
  ...playOptions,
  ...globalOptions.filter(({ name }) => name === "help" || name === "color"),
];

/**
 * Plays a scenario with the options of the command line, and ends the process: 0 when it passes, else as
 * `ioeventfd run`.
 *
 * @param scenario What to play
 *
 * @example The last line of a scenario's module
 * ```ts ignore
 * if (import.meta.main) await main(scenario);
 * ```
 */
export async function main(scenario: Scenario): Promise<never> {
  try {
    Deno.exit(await play(scenario));
  } catch (error) {
    if (error instanceof BrokenPipeError) Deno.exit(exitCode.ok);
    if (!(error instanceof CliError)) throw error;
    console.error(`${scenario.name}: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}

async function play(scenario: Scenario): Promise<number> {
  const host = denoHost();
  const { operands, options: given } = parseCommandLine(Deno.args, options);
  if (operands.length > 0) throw new UsageError(`unexpected argument "${operands[0]}"`);
  const style = chooseStyle(host, given.has("color") ? given.flag("color") : undefined);
  const url = Deno.mainModule;
  const path = url.slice(url.lastIndexOf("/") + 1);
  if (given.flag("help")) {
    const lines = [
      `${scenario.name}: ${scenario.about}`,
      "",
      `${style.bold("Usage:")} deno run [permissions] ${path} [options]`,
      "",
      style.bold("Options:"),
      ...optionLines(options),
    ];
    await host.stdout.write(lines.join("\n") + "\n");
    return exitCode.ok;
  }
  return await playScenarios([{ path, url, scenario }], {
    ...host,
    options: given,
    style,
  });
}
