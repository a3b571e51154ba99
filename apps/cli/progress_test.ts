import { assertEquals, assertRejects } from "@std/assert";
import { InterruptedError } from "./host.ts";
import { Progress } from "./progress.ts";
import { ReadingProgress } from "./reading_progress.ts";

const terminal = { isTerminal: true, columns: 80, rows: 24 };

function bytes(total?: number): { texts: string[]; bar: Progress; at(ms: number): void } {
  const texts: string[] = [];
  let time = 0;
  const stderr = { ...terminal, write: (text: string) => Promise.resolve(void texts.push(text)) };
  const bar = new Progress({ stderr, quiet: false }, "bytes", total, () => time);
  return { texts, bar, at: (ms) => time = ms };
}

interface Drawn {
  readonly texts: string[];
  readonly progress: Progress;
  at(ms: number): void;
}

function progress(options: { terminal?: boolean; quiet?: boolean; total?: number } = {}): Drawn {
  const { terminal = true, quiet = false, total } = options;
  const texts: string[] = [];
  let time = 0;
  const stderr = {
    isTerminal: terminal,
    columns: 80,
    rows: 24,
    write(text: string): Promise<void> {
      texts.push(text);
      return Promise.resolve();
    },
  };
  return {
    texts,
    progress: new Progress({ stderr, quiet }, "vectors", total, () => time),
    at: (ms) => time = ms,
  };
}

Deno.test("Progress draws nothing in the first second, then rate and time left", async () => {
  const { texts, progress: bar, at } = progress({ total: 8000 });
  at(900);
  await bar.update(1000);
  assertEquals(texts, []);
  at(2000);
  await bar.update(2000);
  at(2050);
  await bar.update(2001);
  assertEquals(texts, ["\r\x1b[K[######------------------] 2,000/8,000 1,000 vectors/s, 6 s left"]);
  await bar.finish();
  assertEquals(texts.at(-1), "\r\x1b[K");
});

Deno.test("Progress without a total shows count and rate", async () => {
  const { texts, progress: bar, at } = progress();
  at(1000);
  await bar.update(1_234_567);
  assertEquals(texts, ["\r\x1b[K1,234,567 vectors, 1,234,567 vectors/s"]);
});

Deno.test("Progress is for terminals, and not with --quiet", async () => {
  for (const options of [{ terminal: false }, { quiet: true }]) {
    const { texts, progress: bar, at } = progress(options);
    at(5000);
    await bar.update(10);
    await bar.finish();
    assertEquals(texts, []);
  }
});

Deno.test("Progress of bytes speaks of megabytes, with the share of a known size", async () => {
  const { texts, bar, at } = bytes(103_000_000);
  at(2000);
  await bar.update(30_900_000);
  assertEquals(texts, [
    "\r\x1b[K[#######-----------------] 30 % of 103 MB, 15 MB/s, 5 s left",
  ]);
  const unknown = bytes();
  unknown.at(2000);
  await unknown.bar.update(3_000_000);
  assertEquals(unknown.texts, ["\r\x1b[K3.0 MB, 1.5 MB/s"]);
});

Deno.test("ReadingProgress counts every reading of a file, and changes none of it", async () => {
  const texts: string[] = [], interrupts = new AbortController();
  const context = {
    stderr: { ...terminal, write: (text: string) => Promise.resolve(void texts.push(text)) },
    quiet: false,
    open: () => Promise.resolve(new Blob(["one", "two"]).stream()),
    size: () => Promise.resolve(6),
    interrupts: () => interrupts.signal,
  };
  const progress = new ReadingProgress(context, "file", 2);
  for (let i = 0; i < 2; i++) {
    assertEquals(await new Response(await progress.open()).text(), "onetwo");
  }
  await progress.finish();
  assertEquals(texts, []);
  const stream = await progress.open();
  interrupts.abort(new InterruptedError("interrupted"));
  await assertRejects(() => new Response(stream).text(), InterruptedError);
});
