/**
 * `ioeventfd man`: the manual page, made from the table of commands.
 *
 * @module
 */
import { exitCodeText } from "../cli_error.ts";
import type { Command, Context, OptionSpec } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { optionSyntax } from "../help.ts";
import { globalOptions } from "../parse_command_line.ts";
import { version } from "../version.ts";

/** `ioeventfd man`. */
export const man: Command = {
  name: "man",
  summary: commandSummaries.man,
  usage: "",
  description: "To read it: ioeventfd man | man -l -",
  operands: [0, 0],
  options: [],
  examples: [{ about: "the page as troff text", line: "man" }],
  run,
};

async function run({ commands, stdout }: Context): Promise<number> {
  const lines = [
    `.TH IOEVENTFD 1 "" "ioeventfd ${version}"`,
    ".SH NAME",
    `ioeventfd ${dash} the executable specification of KVM's ioeventfd`,
    ".SH SYNOPSIS",
    ".B ioeventfd",
    ".I command",
    "[arguments]",
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH OPTIONS OF EVERY COMMAND",
    ...globalOptions.flatMap(option),
    ".SH EXIT STATUS",
    ...exitCodeText.flatMap(([code, meaning]) => [".TP", `.B ${code}`, roff(meaning)]),
    "",
  ];
  await stdout.write(lines.join("\n"));
  return 0;
}

const dash = "\\-";

function section(command: Command): string[] {
  return [
    `.SS ${roff(`ioeventfd ${command.name} ${command.usage}`.trim())}`,
    roff(`${command.summary}.`),
    ...(command.description === undefined ? [] : [".PP", roff(command.description)]),
    ...command.options.flatMap(option),
    ...command.examples.flatMap(({ about, line }) => [
      ".PP",
      `Example, ${roff(about)}:`,
      ".PP",
      ".nf",
      roff(`ioeventfd ${line}`),
      ".fi",
    ]),
  ];
}

function option(spec: OptionSpec): string[] {
  const list = spec.choices === undefined ? "" : ` (${spec.choices.join(", ")})`;
  return [".TP", `.B ${roff(optionSyntax(spec))}`, roff(`${spec.summary}${list}`)];
}

/** Text that roff takes for text. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", dash).replace(/^([.'])/gm, "\\&$1")
    // deno-lint-ignore no-control-regex -- all that is not ASCII
    .replace(/[^\x00-\x7f]/gu, (letter) => `\\[u${codePoint(letter)}]`);
}

/** As groff spells it: at least four hex digits. */
function codePoint(letter: string): string {
  return letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
}
