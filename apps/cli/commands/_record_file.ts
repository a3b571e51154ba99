/**
 * The file a recording is written to, packed where its name ends in `.gz`; `-` is stdout.
 *
 * @module
 */
import { InputError } from "../cli_error.ts";
import { BrokenPipeError } from "../host.ts";

/** A file being written. */
export class RecordFile {
  /** Bytes of text written to it. */
  bytes = 0;
  readonly #path: string;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #packed: Promise<void> | undefined;

  /**
   * Creates the file, or empties it.
   *
   * @param path Where
   * @throws {InputError} when it cannot be written
   */
  constructor(path: string) {
    this.#path = path;
    const to = path === "-" ? Deno.stdout.writable : create(path).writable;
    if (path.endsWith(".gz")) {
      const packer = new CompressionStream("gzip");
      this.#packed = packer.readable.pipeTo(to);
      // The error comes again from the writer, which is asked first.
      this.#packed.catch(() => {});
      this.#writer = packer.writable.getWriter();
    } else {
      this.#writer = to.getWriter();
    }
  }

  /**
   * Writes.
   *
   * @param data Text, or its bytes
   * @throws {InputError} when it cannot be written
   */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    this.bytes += bytes.length;
    await this.#explained(this.#writer.write(bytes));
  }

  /**
   * Ends the file.
   *
   * @throws {InputError} when it cannot be written
   */
  async close(): Promise<void> {
    await this.#explained(this.#writer.close());
    await this.#explained(this.#packed ?? Promise.resolve());
  }

  async #explained(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw new BrokenPipeError("broken pipe");
      throw explained(this.#path, error);
    }
  }
}

function create(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, error: unknown): unknown {
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(`cannot write ${path}: not permitted; run with --allow-write`);
  }
  if (error instanceof Deno.errors.NotFound) {
    return new InputError(`cannot write ${path}: no such directory`);
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new InputError(`cannot write ${path}: it is a directory`);
  }
  if (error instanceof Error && "code" in error) {
    return new InputError(`cannot write ${path}: ${error.message}`);
  }
  return error;
}
