/**
 * Errors that end the command with one clear line and an exit code.
 *
 * @module
 */

/** Exit codes of the command. */
export const exitCode = {
  /** All is well. */
  ok: 0,
  /** A check failed: an expectation, a divergence, a contradiction, a dead registration. */
  checkFailed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Input cannot be read or is invalid. */
  input: 3,
  /** The environment lacks something, such as /dev/kvm. */
  environment: 4,
  /** A mistake in this program. */
  internal: 70,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** What the exit codes mean, for help. */
export const exitCodeText: readonly (readonly [code: number, meaning: string])[] = [
  [0, "all is well"],
  [1, "a check failed: an expectation, a divergence, a contradiction, a dead registration"],
  [2, "the command line is wrong"],
  [3, "input cannot be read or is invalid"],
  [4, "the environment lacks something, such as /dev/kvm"],
  [130, "interrupted"],
];

/** An error with its exit code; the message is shown as it is, without a stack. */
export class CliError extends Error {
  /** Class name. */
  override readonly name: string = "CliError";
  /** What the process ends with. */
  readonly exitCode: number;

  /** @param message One clear line, no full stop @param code Exit code */
  constructor(message: string, code: number) {
    super(message);
    this.exitCode = code;
  }
}

/** The command line is wrong: exit code 2. */
export class UsageError extends CliError {
  /** Class name. */
  override readonly name: string = "UsageError";

  /** @param message What is wrong and what would be right */
  constructor(message: string) {
    super(message, exitCode.usage);
  }
}

/** Input cannot be read or is invalid: exit code 3. */
export class InputError extends CliError {
  /** Class name. */
  override readonly name: string = "InputError";

  /** @param message File, line and what is wrong */
  constructor(message: string) {
    super(message, exitCode.input);
  }
}

/** The environment lacks something: exit code 4. */
export class EnvironmentError extends CliError {
  /** Class name. */
  override readonly name: string = "EnvironmentError";

  /** @param message What is missing and how to get it */
  constructor(message: string) {
    super(message, exitCode.environment);
  }
}
