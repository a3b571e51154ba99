import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { constants, gunzipSync } from "node:zlib";
import { CaptureError } from "@ioeventfd/capture";
import { runFake } from "./_fake_host.ts";
import { unpackGzip } from "./unpack_gzip.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const captures = new URL("../../captures/", import.meta.url);
const testdev = Deno.readFileSync(new URL("q35-pci-testdev.bpftrace.txt", captures));

async function gzip(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function inChunks(data: Uint8Array, size: number): ReadableStream<Uint8Array> {
  const starts = Array.from({ length: Math.ceil(data.length / size) }, (_, i) => i * size);
  return ReadableStream.from(starts.map((at) => data.subarray(at, at + size)));
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

const several = joined(
  await gzip(encode("one\n")),
  await gzip(encode("")),
  await gzip(encode("two")),
);

Deno.test("unpackGzip() gives all members, however the stream is cut, and plain bytes as they are", async () => {
  for (const size of [1, 2, 7, 1000]) {
    assertEquals(await textOf(unpackGzip(inChunks(several, size))), "one\ntwo");
    assertEquals(await textOf(unpackGzip(inChunks(encode("plain"), size))), "plain");
  }
  assertEquals(await textOf(unpackGzip(inChunks(encode(""), 1))), "");
  assertEquals(await textOf(unpackGzip(inChunks(Uint8Array.of(0x1f), 1))), "\x1f");
});

Deno.test("unpackGzip() fails where a member is cut off, or is none", async () => {
  const first = await gzip(encode("one\n"));
  const cases = [
    several.subarray(0, several.length - 3),
    first.subarray(0, 5),
    joined(first, first.subarray(0, 5)),
    joined(first, encode("garbage")),
  ];
  for (const data of cases) {
    const error = await assertRejects(() => textOf(unpackGzip(inChunks(data, 9))), CaptureError);
    assertEquals([error.message, error.line], ["The gzip data is damaged or cut off", 0]);
  }
});

Deno.test("unpackGzip() lets errors of its source through, and ends it when nobody reads on", async () => {
  let step = 0, cancelled: unknown;
  const source = () =>
    new ReadableStream<Uint8Array>({
      pull(controller): void {
        if (step++ === 0) controller.enqueue(several.subarray(0, 12));
        else controller.error(new RangeError("disk on fire"));
      },
      cancel(reason): void {
        cancelled = reason;
      },
    }, { highWaterMark: 0 });
  await assertRejects(() => textOf(unpackGzip(source())), RangeError, "disk on fire");
  const endless = new ReadableStream<Uint8Array>({
    cancel(reason): void {
      cancelled = reason;
    },
  });
  const reader = unpackGzip(endless).getReader();
  const next = reader.read();
  await reader.cancel("enough");
  assertEquals([(await next).done, cancelled], [true, "enough"]);
});

Deno.test("unpackGzip() reads no more of its source than its reader takes", async () => {
  const member = await gzip(new Uint8Array(1 << 16));
  let read = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller): void {
      if (read++ === 10_000) controller.close();
      else controller.enqueue(member);
    },
  }, { highWaterMark: 0 });
  const reader = unpackGzip(source).getReader();
  for (let bytes = 0; bytes < 1 << 20;) bytes += (await reader.read()).value!.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert(read < 1000, `${read} members for the bytes of 16`);
  await reader.cancel();
});

Deno.test("unpackGzip() gives all there is before a cut, however slowly it is read", async () => {
  const packed = await gzip(testdev);
  for (const share of [0.01, 0.1, 0.6]) {
    const cut = packed.subarray(0, packed.length * share);
    const reader = unpackGzip(new Blob([cut]).stream()).getReader();
    let length = 0;
    const error = await assertRejects(async () => {
      for (;;) {
        length += (await reader.read()).value!.length;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }, CaptureError);
    assertEquals(error.line, 0);
    const whole = gunzipSync(cut, { finishFlush: constants.Z_SYNC_FLUSH });
    assertEquals(length, whole.length);
  }
});

Deno.test("replay, export, watch and report say at the same line that gzip data is cut off", async () => {
  const packed = await gzip(testdev);
  for (const length of [5, 150, 3000, 9000, 16000]) {
    const files = { x: packed.subarray(0, length) };
    const { code, stderr } = await runFake(["replay", "x"], { files });
    assertEquals(code, 3);
    const [, line] = stderr.match(/^ioeventfd: x:(\d+): .* cut off at line \1\n$/)!;
    assert(length < 150 ? line === "1" : Number(line) > length / 100, stderr);
    for (const args of ["export -f csv", "export -f ftrace", "watch --once", "report -o -"]) {
      const other = await runFake([...args.split(" "), "x"], { files });
      assertEquals([other.code, other.stderr], [3, stderr], args);
    }
  }
});

Deno.test("replay, lint, watch and report read a recording in several members of gzip as its text", async () => {
  const half = testdev.indexOf(10, testdev.length >> 1) + 10;
  const packed = joined(await gzip(testdev.slice(0, half)), await gzip(testdev.slice(half)));
  for (const args of [["replay"], ["lint"], ["watch", "--once"], ["report", "-o", "-"]]) {
    const plain = await runFake([...args, "x"], { files: { x: testdev } });
    const unpacked = await runFake([...args, "x"], { files: { x: packed } });
    assertEquals([unpacked.code, unpacked.stdout], [plain.code, plain.stdout], unpacked.stderr);
    assertEquals([unpacked.written, unpacked.code], [plain.written, 0]);
    assert(plain.stdout.length + (plain.written.get("-")?.length ?? 0) > 100, args.join(" "));
    const cut = await runFake([...args, "x"], {
      files: { x: packed.subarray(0, packed.length - 9) },
    });
    assertEquals([cut.code, cut.stderr.split("\n").length], [3, 2], cut.stderr);
    assertMatch(cut.stderr, /gzip data is damaged or cut off at line \d{4}$|broken gzip data/m);
  }
});

Deno.test("conform reads vectors in several members of gzip, and says after how many they are cut off", async () => {
  const lines = Deno.readTextFileSync(
    new URL("../../vectors/bus.jsonl", import.meta.url),
  ).split("\n").slice(0, 6).map((line) => `${line}\n`);
  const packed = joined(
    await gzip(encode(lines.slice(0, 4).join(""))),
    await gzip(encode(lines.slice(4).join(""))),
  );
  const whole = await runFake(["conform", "--vectors", "v", "--tap"], { files: { v: packed } });
  assertEquals(whole.code, 0, whole.stderr);
  assertStringIncludes(whole.stdout, "1..6");
  const cut = await runFake(["conform", "--vectors", "v"], {
    files: { v: packed.subarray(0, packed.length - 9) },
  });
  assertEquals(cut.code, 3);
  assertMatch(
    cut.stderr,
    /^ioeventfd: v: broken gzip data after \d vectors: is the file cut off\?$/m,
  );
});
