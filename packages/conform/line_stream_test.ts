import { assertEquals, assertRejects } from "@std/assert";
import { InputSyntaxError } from "./json_cursor.ts";
import { lineStream } from "./line_stream.ts";

function streamOf(...chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}

async function linesOf(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of lineStream(stream, "f")) lines.push(line);
  return lines;
}

const text = "one\r\n\nthrée\nlast";
const bytes = new TextEncoder().encode(text);
const lines = ["one", "", "thrée", "last"];

Deno.test("lineStream() gives the same lines however the stream is cut", async () => {
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
    assertEquals(await linesOf(streamOf(...chunks)), lines);
  }
});

Deno.test("lineStream() unpacks gzip", async () => {
  const packed = streamOf(bytes).pipeThrough(
    new CompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>,
  );
  assertEquals(await linesOf(packed), lines);
});

Deno.test("lineStream() says that gzip data is cut off", async () => {
  const whole = new Uint8Array(
    await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip")))
      .arrayBuffer(),
  );
  const error = await assertRejects(
    () => linesOf(streamOf(whole.slice(0, whole.length - 6))),
    InputSyntaxError,
  );
  assertEquals(error.message, "f:4: broken gzip data: is the file cut off?");
});

Deno.test("lineStream() says where binary data begins", async () => {
  const binary = Uint8Array.of(0x61, 0x0a, 0xff, 0xfe);
  const error = await assertRejects(() => linesOf(streamOf(binary)), InputSyntaxError);
  assertEquals(error.message, "f:1: not UTF-8 text: is this a binary file?");
});

Deno.test("lineStream() gives nothing for an empty stream", async () => {
  assertEquals(await linesOf(streamOf()), []);
});
