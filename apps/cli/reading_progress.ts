/**
 * Progress over input: how much of a file was read.
 *
 * @module
 */
import type { Context } from "./command.ts";
import { Progress } from "./progress.ts";
import { unpackGzip } from "./unpack_gzip.ts";

/** What reading needs of the outside world. */
type Reader = Pick<Context, "open" | "size" | "stderr" | "quiet" | "interrupts">;

/** Opens a file, as often as it is read, and draws how much of it was. Ctrl-C ends the reading with its reason. */
export class ReadingProgress {
  readonly #context: Reader;
  readonly #path: string;
  readonly #times: number;
  #progress: Progress | undefined;
  #read = 0;

  /**
   * Reads nothing yet.
   *
   * @param context Where the file is, and where to draw
   * @param path File, or `-`
   * @param times How often it will be read
   */
  constructor(context: Reader, path: string, times = 1) {
    this.#context = context;
    this.#path = path;
    this.#times = times;
  }

  /**
   * The bytes of the file, unpacked where it is gzip.
   *
   * @param broken Makes the error for damaged gzip data; that of a recording unless given
   * @throws {InputError} when it cannot be opened
   */
  async open(broken?: () => Error): Promise<ReadableStream<Uint8Array>> {
    const { stderr, quiet } = this.#context;
    const stream = await this.#context.open(this.#path);
    if (!quiet && stderr.isTerminal && this.#progress === undefined) {
      const size = await this.#context.size(this.#path);
      const total = size === undefined ? undefined : size * this.#times;
      this.#progress = new Progress(this.#context, "bytes", total);
    }
    const signal = this.#context.interrupts();
    const watched = stream.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        start(controller): void {
          const interrupt = (): void => controller.error(signal.reason);
          if (signal.aborted) interrupt();
          else signal.addEventListener("abort", interrupt);
        },
        transform: async (chunk, controller): Promise<void> => {
          this.#read += chunk.length;
          await this.#progress?.update(this.#read);
          controller.enqueue(chunk);
        },
      }),
    );
    return unpackGzip(watched, broken);
  }

  /** Wipes what was drawn. */
  async finish(): Promise<void> {
    await this.#progress?.finish();
  }
}
