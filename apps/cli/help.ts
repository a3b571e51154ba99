/**
 * Help texts, made from the table of commands.
 *
 * @module
 */
import { exitCodeText } from "./cli_error.ts";
import type { Command, OptionSpec } from "./command.ts";
import { globalOptions } from "./parse_command_line.ts";
import { fitText, refill } from "./fit_text.ts";
import type { Output } from "./host.ts";
import type { Style } from "./style.ts";

/** Where help goes. */
type Screen = Pick<Output, "isTerminal" | "columns">;

/**
 * `ioeventfd --help`.
 *
 * @param commands The table
 * @param style Colours of it
 * @param output Where it goes
 * @returns The text, newline at the end
 */
export function overview(
  commands: readonly Pick<Command, "name" | "summary">[],
  style: Style,
  output: Screen,
): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = [
    "ioeventfd: the executable specification of KVM's ioeventfd",
    "",
    `${style.bold("Usage:")} ioeventfd <command> [arguments]`,
    "",
    style.bold("Commands:"),
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    `  ${"help".padEnd(width)}  Help of a command: ioeventfd help COMMAND`,
    "",
    style.bold("Options of every command:"),
    ...optionLines(globalOptions),
    "",
    style.bold("Exit codes:"),
    ...exitCodeText.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
    "",
  ];
  return fitText(lines.join("\n"), output);
}

/**
 * `ioeventfd COMMAND --help`.
 *
 * @param command Whose help
 * @param style Colours of it
 * @param output Where it goes
 * @returns The text, newline at the end
 */
export function commandHelp(command: Command, style: Style, output: Screen): string {
  const lines = [
    fitText(`ioeventfd ${command.name}: ${command.summary}`, output),
    "",
    fitText(
      `${style.bold("Usage:")} ioeventfd ${command.name} ${command.usage}`.trimEnd(),
      output,
      7,
    ),
    "",
  ];
  if (command.description !== undefined) lines.push(refill(command.description, output), "");
  lines.push(command.examples.length === 1 ? style.bold("Example:") : style.bold("Examples:"));
  for (const { about, line } of command.examples) {
    lines.push(`  ${style.dim(`# ${about}`)}`, `  deno task ioeventfd ${line}`);
  }
  const options = optionLines([...command.options, ...globalOptions]);
  lines.push("", style.bold("Options:"), ...options.map((line) => fitText(line, output)));
  return lines.join("\n") + "\n";
}

/** How an option is typed: `--kernel RELEASE`. */
export function optionSyntax(spec: OptionSpec): string {
  const short = spec.short === undefined ? "" : `-${spec.short}, `;
  const name = spec.negatable ? `[no-]${spec.name}` : spec.name;
  return `${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`;
}

/** Options as help lists them, a line each. */
export function optionLines(specs: readonly OptionSpec[]): string[] {
  const width = Math.max(...specs.map((spec) => optionSyntax(spec).length));
  return specs.map((spec) => {
    const choices = spec.choices === undefined ? "" : ` (${spec.choices.join(", ")})`;
    return `  ${optionSyntax(spec).padEnd(width)}  ${spec.summary}${choices}`;
  });
}
