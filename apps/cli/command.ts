/**
 * The shape of a subcommand, and what it is given to work with. Help, completions and the man page are made from the
 * same description that drives the parsing.
 *
 * @module
 */
import type { Host } from "./host.ts";
import type { OptionValues } from "./option_values.ts";
import type { Style } from "./style.ts";

/** One option of a command. Without `value` it is a switch. */
export interface OptionSpec {
  /** Long name without dashes: `kernel`. */
  readonly name: string;
  /** One letter: `h`. */
  readonly short?: string;
  /** Placeholder of the value it takes: `RELEASE`. */
  readonly value?: string;
  /** May be given several times; read with `options.texts(name)`. */
  readonly repeat?: boolean;
  /** A switch that `--no-NAME` turns off. */
  readonly negatable?: boolean;
  /** The only values accepted. */
  readonly choices?: readonly string[];
  /** The value is a file, for completions. */
  readonly file?: boolean;
  /** One line of help. */
  readonly summary: string;
}

/** A use of the command that runs as printed from the root of the repository. */
export interface Example {
  /** What it shows. */
  readonly about: string;
  /** Arguments after `ioeventfd`, as typed. */
  readonly line: string;
}

/** A subcommand: one file of `commands/` each. */
export interface Command {
  /** As typed: `lint`. */
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** What follows the name: `SET|CAPTURE [options]`. */
  readonly usage: string;
  /** Paragraphs of help below the usage. */
  readonly description?: string;
  /** Its options; the global ones come by themselves. */
  readonly options: readonly OptionSpec[];
  /** Fewest and most operands; anything else is a usage error. */
  readonly operands: readonly [least: number, most: number];
  /** The only operands accepted, for completions. */
  readonly operandChoices?: readonly string[];
  /** What follows `--` is kept apart in `context.rest` (for `record -- CMD`). */
  readonly passThrough?: boolean;
  /** At least one example. */
  readonly examples: readonly [Example, ...Example[]];
  /**
   * Does the work.
   *
   * @param context Operands, options and the outside world
   * @returns The exit code: 0, or 1 when a check failed
   * @throws {CliError} for anything else; `SyntaxError` means the input is invalid
   */
  run(context: Context): Promise<number>;
}

/** What a running command has. */
export interface Context extends Host {
  /** Arguments that are not options. */
  readonly operands: readonly string[];
  /** Arguments after `--`, for a command with `passThrough`. */
  readonly rest: readonly string[];
  /** Options given. */
  readonly options: OptionValues;
  /** Colours of stdout, which are none unless it is a terminal that wants them. */
  readonly style: Style;
  /** The table of commands, for those that describe it. */
  readonly commands: readonly Command[];
  /** `--quiet`: no progress, no remarks on stderr. */
  readonly quiet: boolean;
}
