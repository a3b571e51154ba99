/**
 * A file that grows, as a stream.
 *
 * @module
 */
import type { FollowOptions } from "./host.ts";

const waitMs = 100;
const keptBytes = 1024;

/**
 * A stream of a file that waits at its end for more. When the file becomes shorter it is read from its beginning.
 *
 * @param file The open file; closed with the stream
 * @param options When the stream ends
 * @returns The stream
 */
export function follow(file: Deno.FsFile, options: FollowOptions): ReadableStream<Uint8Array> {
  const { signal, isWhole } = options;
  let at = 0;
  let tail = "";
  async function more(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(1 << 16);
    for (;;) {
      const count = await file.read(buffer);
      if (count !== null && count > 0) {
        at += count;
        const chunk = buffer.subarray(0, count);
        tail = (tail + latin1.decode(chunk.subarray(-keptBytes))).slice(-keptBytes);
        return chunk;
      }
      if (signal.aborted || isWhole(tail)) return null;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      if ((await file.stat()).size < at) at = await file.seek(0, Deno.SeekMode.Start);
    }
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const chunk = await more();
      if (chunk !== null) return controller.enqueue(chunk);
      file.close();
      controller.close();
    },
    cancel(): void {
      file.close();
    },
  });
}

const latin1 = new TextDecoder("latin1");
