import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { renderReplay } from "./render_replay.ts";
import { replay } from "./replay.ts";
import { replayJson } from "./replay_json.ts";
import { RecordingText } from "./testdata/recording_text.ts";

function recording(): RecordingText {
  return new RecordingText().vm().ioeventfd("0xfebfb000", 0).ioeventfd("0xc010", 2, 3, "0x1")
    .store("0xfebfb000", 2).wait(500_000).store("0xfebfb000", 2)
    .out("0xc010", 2, "0x3").ioExit().out("0x402", 1, "0x53").ioExit();
}

Deno.test("renderReplay() shows doorbells, other places, outcomes, near misses and findings", async () => {
  const text = renderReplay("boot.txt", await replay(recording().bytes));
  assertMatch(text, /^boot\.txt\n/);
  assertMatch(text, /^mmio +0xfebfb000 +any +any +2 +2 +0 % .* 501 µs/m);
  assertMatch(text, /^1 registration without a write$/m);
  assertMatch(text, /^pio +0x402 +1 +1 +100 %.* firmware debug console$/m);
  assertMatch(text, /^ {2}to an ioeventfd +2 +50\.0 %$/m);
  assertMatch(
    text,
    /^ {2}1 write of 2 bytes to pio 0xc010 exited: the data differs from 0xc010, length 2, datamatch 0x1/m,
  );
  assertMatch(text, /^Contradictions: 0$/m);
});

Deno.test("renderReplay() names unexplained exits and contradictions, in the style asked for", async () => {
  const bad = recording().store("0xfebfb000", 2).mmioExit().mmioExit().store("0x1000").mmioExit();
  const mark = (text: string) => `<${text}>`;
  const style = { bold: mark, dim: (text: string) => text, red: mark, green: mark };
  const text = renderReplay("boot.txt", await replay(bad.bytes), { style });
  assertStringIncludes(text, "<Contradictions: 1>");
  assertStringIncludes(text, "<Unexplained exits at lines ");
  assertMatch(text, /^ {2}line 11: the 2-byte write of 0x0 to mmio 0xfebfb000 exited/m);
});

Deno.test("renderReplay() shows the other world of a what-if", async () => {
  const report = await replay(recording().bytes, { whatIf: "zero-length" });
  const text = renderReplay("boot.txt", report, { all: true });
  assertMatch(text, /^What if: every doorbell of length 0/m);
  assertMatch(text, /^ {2}signals: 3 instead of 2$/m);
  assertMatch(text, /\(1 exit saved, 0 exits added\)/);
});

Deno.test("renderReplay() sums up refused probes, and names each other registration refused", async () => {
  const pioDatamatch = 3, deassign = 4;
  const recorded = new RecordingText().vm().ioeventfd("0x0", 2, pioDatamatch, "0x0")
    .ioeventfd("0x0", 2, pioDatamatch, "0x1").ioeventfd("0x0", 2, pioDatamatch | deassign, "0x1")
    .ioeventfd("0x0", 2, pioDatamatch, "0x2").out("0x0", 2, "0x0");
  const text = renderReplay("a", await replay(recorded.bytes, { whatIf: "zero-length" }));
  assertEquals(text.match(/^ {2}refused: pio 0x0, length 2, datamatch 0x\d/gm), [
    "  refused: pio 0x0, length 2, datamatch 0x2",
  ]);
  assertMatch(
    text,
    /^ {2}refused too: 1 probe, the first at line 4, taken away before the guest wrote again$/m,
  );
});

Deno.test("renderReplay() says how to see the places it leaves out, where that is possible", async () => {
  const recorded = recording();
  for (let port = 0x500; port < 0x514; port++) recorded.out(`0x${port.toString(16)}`).ioExit();
  const report = await replay(recorded.bytes);
  const hint = "--all shows them";
  assertMatch(
    renderReplay("a", report, { hint }),
    /^14 more places, 14 writes: --all shows them$/m,
  );
  assertMatch(renderReplay("a", report), /^14 more places, 14 writes$/m);
  assertEquals(/more place|--all/.test(renderReplay("a", report, { hint, all: true })), false);
});

Deno.test("replayJson() gives numbers as numbers and every u64 as a hex string", async () => {
  const json = replayJson([{ name: "boot.txt", report: await replay(recording().bytes) }]);
  const document = JSON.parse(JSON.stringify(json));
  assertEquals(document.exits.observed, 2);
  assertEquals([document.events, document.writes, document.malformed], [
    10,
    4,
    { count: 0, lines: [] },
  ]);
  const { bus, addr, len, datamatch, writes, userspace } = document.doorbells[0];
  assertEquals([bus, addr, len, datamatch, writes, userspace], [
    "mmio",
    "0xfebfb000",
    0,
    null,
    2,
    0,
  ]);
  assertEquals(document.doorbells[1].datamatch, "0x1");
  assertEquals(document.nearMisses[0].registration.addr, "0xc010");
  assertEquals([document.contradictions, document.inferred], [[], []]);
});

Deno.test("replayJson() sums up several recordings and keeps each", async () => {
  const report = await replay(recording().bytes);
  const document = JSON.parse(JSON.stringify(
    replayJson([{ name: "a", report }, { name: "b", report }]),
  ));
  assertEquals([document.events, document.outcomes.ioeventfd, document.exits.explained], [
    20,
    4,
    4,
  ]);
  assertEquals(document.recordings.map((one: { recording: string }) => one.recording), ["a", "b"]);
  assertThrows(() => replayJson([]), RangeError);
});

Deno.test("renderReplay() leaves columns out where the terminal is narrow, the gaps first", async () => {
  const report = await replay(recording().bytes);
  const heading = (columns?: number): string =>
    renderReplay("boot.txt", report, columns === undefined ? {} : { columns })
      .split("\n").find((line) => line.startsWith("bus"))!;
  assertMatch(heading(), /first +last +gap mean +min +max/);
  assertMatch(heading(90), /exited +first +last +gap mean/);
  assertMatch(heading(20), /signals +exited +name$|signals +exited$/);
  for (const columns of [70, 80, 100]) {
    const lines = renderReplay("boot.txt", report, { columns }).split("\n");
    assertEquals(lines.filter((line) => /^(bus|mmio)/.test(line) && line.length > columns), []);
  }
});
