/**
 * From arguments to operands and options, by the option table.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "./cli_error.ts";
import type { Command, OptionSpec } from "./command.ts";
import { OptionValues } from "./option_values.ts";
import { nearestName } from "./_nearest_name.ts";

/** Options that every command has. */
export const globalOptions: readonly OptionSpec[] = [
  { name: "help", short: "h", summary: "Show this help" },
  { name: "version", short: "V", summary: "Show the version" },
  { name: "quiet", short: "q", summary: "No progress and no remarks on stderr" },
  { name: "color", negatable: true, summary: "Colours or none; NO_COLOR is heeded" },
];

/** A command line taken apart. */
export interface CommandLine {
  /** Arguments that are not options. */
  readonly operands: readonly string[];
  /** What followed `--`, where the command keeps it apart. */
  readonly rest: readonly string[];
  /** Options given. */
  readonly options: OptionValues;
}

/**
 * Takes arguments apart by the option table.
 *
 * @param args Arguments after the command's name
 * @param specs Option table, global options included
 * @param passThrough Keep what follows `--` apart
 * @returns Operands and options
 * @throws {UsageError} for an unknown option (with the nearest name), a missing value, a value not among the choices
 */
export function parseCommandLine(
  args: readonly string[],
  specs: readonly OptionSpec[],
  passThrough = false,
): CommandLine {
  const valued = specs.filter((spec) => spec.value !== undefined);
  const switches = specs.filter((spec) => spec.value === undefined);
  const names = specs.map((spec) => spec.name);
  const alias: Record<string, string> = {};
  for (const { name, short } of specs) if (short !== undefined) alias[name] = short;
  const joined = joinDashValues(args, valued);
  refuseUnderscore(joined, names);
  const parsed = parseArgs(joined, {
    boolean: switches.map((spec) => spec.name),
    string: ["_", ...valued.map((spec) => spec.name)],
    collect: valued.map((spec) => spec.name),
    negatable: switches.filter((spec) => spec.negatable).map((spec) => spec.name),
    alias,
    "--": passThrough,
    unknown: (arg, key) => {
      if (key !== undefined) throw new UsageError(unknownOption(arg, key, names));
      return true;
    },
  });
  const values = new Map<string, boolean | string | readonly string[]>();
  for (const spec of switches) {
    const off = spec.negatable && args.includes(`--no-${spec.name}`);
    if (parsed[spec.name] === true || off) values.set(spec.name, parsed[spec.name] === true);
  }
  for (const spec of valued) {
    const given = parsed[spec.name] as string[];
    if (given.length === 0) continue;
    for (const value of given) checkValue(spec, value);
    values.set(spec.name, spec.repeat ? given : given.at(-1)!);
  }
  return {
    operands: parsed._ as string[],
    rest: parsed["--"] ?? [],
    options: new OptionValues(names, values),
  };
}

/**
 * Refuses too few or too many operands.
 *
 * @param command The command with its bounds
 * @param operands What was given
 * @throws {UsageError} with the usage
 */
export function checkOperands(command: Command, operands: readonly string[]): void {
  const [least, most] = command.operands;
  const usage = `usage: ioeventfd ${command.name} ${command.usage}`.trimEnd();
  if (operands.length < least) {
    throw new UsageError(`${command.name}: an argument is missing; ${usage}`);
  }
  if (operands.length > most) {
    throw new UsageError(`${command.name}: unexpected argument "${operands[most]}"; ${usage}`);
  }
}

/** `--file -` means stdin, and `--addr -1` a wrong number: the parser would take both for options. */
function joinDashValues(args: readonly string[], valued: readonly OptionSpec[]): string[] {
  const takers = new Set(valued.flatMap((s) => [`--${s.name}`, s.short ? `-${s.short}` : ""]));
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") return joined.concat(args.slice(i));
    const next = args[i + 1] ?? "";
    const taken = /^-(\.?\d|$)/.test(next) && takers.has(args[i]!);
    joined.push(taken ? `${args[i++]}=${next}` : args[i]!);
  }
  return joined;
}

function checkValue(spec: OptionSpec, value: unknown): void {
  if (typeof value !== "string" || value === "") {
    throw new UsageError(`--${spec.name} needs a value: --${spec.name} ${spec.value}`);
  }
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    const meant = nearestName(value, spec.choices);
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    throw new UsageError(
      `--${spec.name}: "${value}" is not one of ${spec.choices.join(", ")}${hint}`,
    );
  }
}

/** The library keeps operands under this name, and takes an option of it for theirs. */
function refuseUnderscore(args: readonly string[], names: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") return;
    if (/^-(?!-)[^=]*_|^--_(=|$)/.test(arg)) throw new UsageError(unknownOption(arg, "_", names));
  }
}

function unknownOption(arg: string, key: string, names: readonly string[]): string {
  const shown = arg.startsWith("--") ? arg.split("=")[0] : `-${key}`;
  const meant = key.length > 1 ? nearestName(key, names) : undefined;
  return `unknown option ${shown}${meant === undefined ? "" : `, did you mean --${meant}?`}`;
}
