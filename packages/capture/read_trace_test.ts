import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CaptureError } from "./capture_error.ts";
import { readTrace } from "./read_trace.ts";
import { TraceParser } from "./trace_parser.ts";

const line = " vmm-7 [000] .....  1.000001: kvm_pio: pio_write at 0x402 size 1 count 1 val 0x53 \n";

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function gzip(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function* inChunks(data: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield await data.subarray(at, at + size);
}

async function counts(source: Parameters<typeof readTrace>[0]): Promise<TraceParser["counts"]> {
  const parser = new TraceParser(() => undefined);
  await readTrace(source, parser);
  return parser.counts;
}

async function refusal(data: Uint8Array): Promise<CaptureError> {
  const parser = new TraceParser(() => undefined);
  return await assertRejects(() => readTrace(data, parser), CaptureError);
}

Deno.test("readTrace() takes bytes, streams and iterables, gzip or not, in chunks of any size", async () => {
  const text = bytes(line.repeat(500));
  const packed = await gzip(text);
  for (const source of [text, new Blob([text]).stream(), inChunks(text, 1), inChunks(text, 777)]) {
    assertEquals((await counts(source)).events, 500);
  }
  for (const source of [packed, inChunks(packed, 1), inChunks(packed, 100)]) {
    assertEquals((await counts(source)).events, 500);
  }
});

Deno.test("readTrace() passes over a byte order mark, and over nothing else", async () => {
  const mark = [0xef, 0xbb, 0xbf];
  const text = Uint8Array.from([...mark, ...bytes(line)]);
  for (const source of [text, inChunks(text, 1), inChunks(text, 2), inChunks(text, 3)]) {
    const { events, malformed } = await counts(source);
    assertEquals([events, malformed], [1, 0]);
  }
  const packed = await gzip(text);
  assertEquals((await counts(packed)).malformed, 0);
  for (const wrong of [mark.slice(0, 1), mark.slice(0, 2), [...mark, ...mark]]) {
    const data = Uint8Array.from([...wrong, 0x0a, ...bytes(line)]);
    for (const source of [data, inChunks(data, 1), inChunks(data, 2)]) {
      const { events, malformed } = await counts(source);
      assertEquals([events, malformed], [1, 1]);
    }
  }
});

Deno.test("readTrace() tells how much was read, before gunzip", async () => {
  const packed = await gzip(bytes(line.repeat(500)));
  const seen: number[] = [];
  await readTrace(inChunks(packed, 50), new TraceParser(() => undefined), (n) => void seen.push(n));
  assertEquals(seen.at(-1), packed.length);
});

Deno.test("readTrace() refuses what holds no event, with the line", async () => {
  const cases: [data: Uint8Array, message: string, at: number][] = [
    [new Uint8Array(), "The recording is empty", 1],
    [bytes("# tracer: nop\n#\n"), "The recording has a header and no event", 2],
    [bytes("\n\nfoo\nbar\n"), "Line 3 is not a line of bpftrace or ftrace text", 3],
    [bytes(" a-1 [000] ..... 1.0: sched_switch: x\n"), "None of the events (1) is one of KVM's", 1],
    [Uint8Array.of(0x13, 0, 0, 10, 7, 7), "Line 1 is binary data", 1],
    [bytes("PERFILE2........"), "give the output of `perf script`", 1],
    [Uint8Array.of(0x17, 0x08, 0x44, 0x74), "give the output of `trace-cmd report`", 1],
    [Uint8Array.of(0xff, 0xfe, 0x31, 0), "UTF-16", 1],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), "zstd", 1],
  ];
  for (const [data, message, at] of cases) {
    const error = await refusal(data);
    assertStringIncludes(error.message, message);
    assertEquals(error.line, at);
  }
});

Deno.test("readTrace() says at which line gzip data is cut off", async () => {
  const packed = await gzip(
    bytes(Array.from({ length: 5000 }, (_, i) => line + `# ${i}\n`).join("")),
  );
  const error = await refusal(packed.subarray(0, packed.length - 9));
  assertStringIncludes(error.message, "The gzip data is damaged or cut off at line ");
  assertEquals((await refusal(packed.subarray(0, 12))).line, 1);
});

Deno.test("readTrace() adds the line to what a source that unpacks says of its data", async () => {
  async function* broken(text: string): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes(text));
    throw new CaptureError("Too short", 0);
  }
  for (const [count, at] of [[0, 1], [2, 3], [40, 41]] as const) {
    const parser = new TraceParser(() => undefined);
    const source = broken(line.repeat(count));
    const error = await assertRejects(() => readTrace(source, parser), CaptureError);
    assertEquals([error.message, error.line], [`Too short at line ${at}`, at]);
  }
});

Deno.test("readTrace() lets an error of the source itself through", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes(line));
    throw new RangeError("disk on fire");
  }
  const parser = new TraceParser(() => undefined);
  await assertRejects(() => readTrace(broken(), parser), RangeError, "disk on fire");
});
