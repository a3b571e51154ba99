/**
 * The outside world of the command, injected so that a test can be the world.
 *
 * @module
 */

/** Where text goes. */
export interface Output {
  /** Whether a person reads it on a terminal. */
  readonly isTerminal: boolean;
  /** Width in columns; 80 where there is no terminal. */
  readonly columns: number;
  /** Height in lines; 24 where there is no terminal. */
  readonly rows: number;
  /**
   * Writes text and waits until it is taken.
   *
   * @throws {BrokenPipeError} when the reader has gone
   */
  write(text: string): Promise<void>;
}

/** When a stream that follows a file ends. */
export interface FollowOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Whether the file is whole, by the last bytes of it there are, 1024 at most. */
  isWhole(tail: string): boolean;
}

/** Streams, files and environment of the process. */
export interface Host {
  /** Results. */
  readonly stdout: Output;
  /** Progress and diagnostics. */
  readonly stderr: Output;
  /** An environment variable, undefined also where reading it is not permitted. */
  env(name: string): string | undefined;
  /**
   * Opens a file for reading as a stream of bytes; `-` is stdin.
   *
   * @throws {InputError} when it cannot be opened
   */
  open(path: string): Promise<ReadableStream<Uint8Array>>;
  /** Bytes of a file; undefined where it is none, or may change while it is read. */
  size(path: string): Promise<number | undefined>;
  /**
   * Opens a file that somebody still writes to as a stream that waits at its end for more.
   *
   * @param path File
   * @param options When the stream ends
   * @throws {InputError} when it cannot be opened
   */
  follow(path: string, options: FollowOptions): Promise<ReadableStream<Uint8Array>>;
  /**
   * The text of a file; `-` is stdin.
   *
   * @throws {InputError} when it cannot be read, or is not UTF-8
   */
  readText(path: string): Promise<string>;
  /**
   * Writes a file, a stream as it comes; `-` is stdout, which takes no stream.
   *
   * @throws {InputError} when it cannot be written
   */
  writeFile(path: string, data: string | Uint8Array | ReadableStream<Uint8Array>): Promise<void>;
  /**
   * Looks whether a file can be written, before the work whose results are to go there, and leaves everything as it was.
   *
   * @throws {InputError} when it cannot
   */
  checkWritable(path: string): Promise<void>;
  /**
   * Runs a script of the shell that looks at the machine.
   *
   * @param script Text for `sh -c`
   * @returns What it wrote to stdout, whatever its exit code
   * @throws {EnvironmentError} when processes may not be started
   */
  shell(script: string): Promise<string>;
  /**
   * From now on Ctrl-C aborts this signal instead of ending the process; a second one ends it. A command that finishes
   * early because of it throws `signal.reason`, and the exit code is 130.
   */
  interrupts(): AbortSignal;
}

/** The reader of our output has gone, as with `| head`; the command ends quietly. */
export class BrokenPipeError extends Error {
  /** Class name. */
  override readonly name: string = "BrokenPipeError";
}

/** Interrupted by Ctrl-C. */
export class InterruptedError extends Error {
  /** Class name. */
  override readonly name: string = "InterruptedError";
}

/** The name of an input in messages. */
export function inputName(path: string): string {
  return path === "-" ? "stdin" : path;
}
