/**
 * Runs one scenario as a program: `deno run scenarios/NAME.ts`. The model needs no permission.
 *
 * @module
 */
import type { Scenario } from "@ioeventfd/scenario";
import { BrokenPipeError } from "../apps/cli/host.ts";
import { CliError, exitCode, UsageError } from "../apps/cli/cli_error.ts";
import { playOptions, playScenarios } from "../apps/cli/commands/_run_play.ts";
import { denoHost } from "../apps/cli/deno_host.ts";
import { optionLines } from "../apps/cli/help.ts";
import { globalOptions, parseCommandLine } from "../apps/cli/parse_command_line.ts";
import { chooseStyle } from "../apps/cli/style.ts";

/**
 * Plays a scenario with the options of the command line, and ends the process.
 *
 * @param scenario What to play
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
  const { operands, options } = parseCommandLine(Deno.args, [...playOptions, ...globalOptions]);
  if (operands.length > 0) throw new UsageError(`unexpected argument "${operands[0]}"`);
  const style = chooseStyle(host, options.has("color") ? options.flag("color") : undefined);
  const path = `scenarios/${scenario.name}.ts`;
  if (options.flag("help")) {
    const lines = [
      `${scenario.name}: ${scenario.about}`,
      "",
      `${style.bold("Usage:")} deno run ${path} [options]`,
      "",
      style.bold("Options:"),
      ...optionLines([...playOptions, ...globalOptions]),
    ];
    await host.stdout.write(lines.join("\n") + "\n");
    return exitCode.ok;
  }
  return await playScenarios([{ path, url: Deno.mainModule, scenario }], {
    ...host,
    options,
    style,
  });
}
