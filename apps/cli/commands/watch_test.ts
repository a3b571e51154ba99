import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { DoorbellReport, ReplaySoFar } from "@ioeventfd/capture";
import { runFake } from "../_fake_host.ts";
import { ansiStyle, plainStyle } from "../style.ts";
import { watchScreen } from "./_watch_screen.ts";

const capture = "captures/q35-virtio-blk.bpftrace.txt";
const text = Deno.readTextFileSync(new URL(`../../../${capture}`, import.meta.url));

Deno.test("ioeventfd watch --once draws the table of what is there", async () => {
  const { code, stdout, stderr } = await runFake(["watch", "-", "--once"], {
    files: { "-": text },
  });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^mmio +0xfebfb000 +any +any +401 +401$/m);
  assertMatch(stdout, /^16\.0 s: 6,562 events, 1,174 writes, 401 signals, 2,660 exits, 0 lost$/m);
});

Deno.test("ioeventfd watch leaves the terminal as it was, and the last table on it", async () => {
  const { code, stdout } = await runFake(["watch", "-"], { files: { "-": text }, terminal: true });
  assertEquals(code, 0);
  const entered = stdout.split("\x1b[?1049h").length, left = stdout.split("\x1b[?1049l").length;
  assertEquals(entered, left);
  assertStringIncludes(stdout.slice(stdout.lastIndexOf("\x1b[?1049l") + 1), "0xfebfb000");
});

Deno.test("ioeventfd watch interrupted shows what there is and ends with 130", async () => {
  const { code, stderr } = await runFake(["watch", "-"], {
    files: { "-": text },
    interrupted: true,
  });
  assertEquals([code, stderr], [130, "ioeventfd: interrupted\n"]);
});

Deno.test("ioeventfd watch refuses what is no recording", async () => {
  const { code, stderr } = await runFake(["watch", "-"], { files: { "-": "no\nrecording\n" } });
  assertEquals(code, 3);
  assertMatch(stderr, /^ioeventfd: stdin:1: .*\n$/);
});

function row(addr: bigint, writes: number): DoorbellReport {
  return {
    bus: "mmio",
    addr,
    len: 0,
    datamatch: null,
    registration: "registered",
    vm: "VM 9 of process 7",
    name: null,
    writes,
    signals: writes,
    coalesced: 0,
    inKernel: 0,
    userspace: 0,
    lengths: [],
    firstNs: 0,
    lastNs: 0,
    gapNs: null,
  };
}

function state(...doorbells: DoorbellReport[]): ReplaySoFar {
  return {
    events: 10,
    lostEvents: 0,
    malformed: 0,
    durationNs: 2e9,
    writes: 10,
    exits: { observed: 0, io: 0, explained: 0, other: 0, unexplained: 0 },
    contradictions: 0,
    doorbells,
  };
}

Deno.test("watchScreen() puts the doorbell that rings most first, with its rate", () => {
  const before = { replay: state(row(0x1000n, 500), row(0x2000n, 10)), ms: 1000 };
  const now = { replay: state(row(0x1000n, 500), row(0x2000n, 60), row(0x3000n, 0)), ms: 1500 };
  const options = { name: "a", before, style: plainStyle, rows: 24, columns: 80 };
  const lines = watchScreen(now, options);
  assertMatch(lines[4]!, /^mmio +0x2000 +any +any +60 +100 +60$/);
  assertMatch(lines[5]!, /^mmio +0x1000 +any +any +500 +500$/);
  assertEquals(lines[6], "1 registrations without a write");
});

Deno.test("watchScreen() fits its lines and columns, colours apart", () => {
  const many = Array.from({ length: 100 }, (_, i) => row(BigInt(i), 100 - i));
  const now = { replay: state(...many), ms: 0 };
  const lines = watchScreen(now, { name: "n".repeat(99), style: ansiStyle, rows: 20, columns: 40 });
  assert(lines.length <= 20, `${lines.length} lines`);
  // deno-lint-ignore no-control-regex -- colours
  const widths = lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, "").length);
  assertEquals(Math.max(...widths), 40);
  assert(lines[0]!.endsWith("\x1b[22m"), "the colour ends though the line is cut");
});
