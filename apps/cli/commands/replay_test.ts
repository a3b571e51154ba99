import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const q35 = "captures/q35-virtio-blk.bpftrace.txt";
const testdev = "captures/q35-pci-testdev.bpftrace.txt";

Deno.test("replay prints the doorbells, the outcomes and no contradiction", async () => {
  const { code, stdout, stderr } = await runFake(["replay", q35]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^mmio +0xfebfb000 +any +any +401 +401 +0 % /m);
  assertMatch(stdout, /^Exits to userspace +2,660$/m);
  assertMatch(stdout, /^ {2}for I\/O, unexplained +0$/m);
  assertMatch(stdout, /^Contradictions: 0$/m);
});

Deno.test("replay sums up several recordings", async () => {
  const { code, stdout } = await runFake(["replay", q35, testdev]);
  assertEquals(code, 0);
  assertMatch(stdout, /^2 recordings: 4,377 exits observed, 0 unexplained, 0 contradictions$/m);
});

Deno.test("replay --json is one document, of one recording or of several", async () => {
  const one = JSON.parse((await runFake(["replay", q35, "--json"])).stdout);
  assertEquals(one.exits.observed, 2660);
  assertEquals([one.contradictions, one.malformed], [[], { count: 0, lines: [] }]);
  const two = JSON.parse((await runFake(["replay", q35, testdev, "--json"])).stdout);
  assertEquals([two.exits.observed, two.recordings.length], [4377, 2]);
});

Deno.test("replay --kernel and --what-if say what would have happened", async () => {
  const old = JSON.parse((await runFake(["replay", q35, "--kernel", "3.14", "--json"])).stdout);
  assertEquals([old.outcomes.ioeventfd, old.whatIf.recorded.ioeventfd], [0, 401]);
  const args = ["replay", q35, "--what-if", "zero-length"];
  assertStringIncludes((await runFake(args)).stdout, "What if: every doorbell of length 0");
  assertEquals((await runFake(["replay", q35, "--what-if", "more"])).code, 2);
});

Deno.test("replay ends with 1 when recording and model contradict each other", async () => {
  const lines = Deno.readTextFileSync(q35).split("\n");
  const doorbell = lines.findIndex((line) => / addr 0xfebfb000 .* flags 0x0 /.test(line));
  const text = lines.toSpliced(doorbell, 1).join("\n");
  const { code, stdout } = await runFake(["replay", "cut.txt"], { files: { "cut.txt": text } });
  assertEquals(code, 1);
  assertMatch(stdout, /^Contradictions: 40\d$/m);
  assertMatch(stdout, /did not exit, though nothing in the kernel takes it/);
});

Deno.test("replay ends with 3 and one clear line for what is no recording", async () => {
  const cases: [content: string | Uint8Array, message: RegExp][] = [
    ["", /^ioeventfd: .*x:1: The recording is empty$/m],
    ["# tracer: nop\n", /x:1: The recording has a header and no event$/m],
    [Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0), /x:1: This is an ELF file, not a recording$/m],
    ["foo\n", /x:1: Line 1 is not a line of bpftrace or ftrace text/m],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 1), /x:1: The gzip data is damaged or cut off at line 1$/m],
  ];
  for (const [content, message] of cases) {
    const { code, stdout, stderr } = await runFake(["replay", "x"], { files: { x: content } });
    assertEquals([code, stdout], [3, ""]);
    assertMatch(stderr, message);
    assertEquals(stderr.includes("    at "), false);
  }
});

Deno.test("replay counts malformed lines when the rest is usable", async () => {
  const text = "noise\n" + Deno.readTextFileSync(q35).slice(0, -20);
  const { code, stderr } = await runFake(["replay", "-"], { files: { "-": text } });
  assertEquals([code, stderr], [0, "stdin: 2 malformed lines, the first at line 1\n"]);
});

Deno.test("replay, report and export say alike that the last line is cut off", async () => {
  const lines = Deno.readTextFileSync(testdev).split("\n").slice(0, 400);
  const files = { x: `${lines.join("\n")}\n${lines.at(-1)!.replace(/(kvm_\w+: \w+).*/, "$1")}` };
  const rest = ["report", ...["csv", "perfetto", "ftrace", "parquet"].map((f) => `export -f ${f}`)];
  for (const args of ["replay", ...rest.map((one) => `${one} -o out`)]) {
    const { code, stderr } = await runFake([...args.split(" "), "x"], { files });
    const remark = stderr.split("\n").filter((line) => !line.startsWith("out: ")).join("\n");
    assertEquals([code, remark], [0, `x: 1 malformed line, the first at line 401\n`], args);
    const quiet = await runFake([...args.split(" "), "x", "--quiet"], { files });
    assertEquals([quiet.code, quiet.stderr], [0, ""], args);
  }
});

Deno.test("ioeventfd replay, report, export, lint and plan end with 130 at Ctrl-C, and leave no half a file", async () => {
  const path = "captures/q35-pci-testdev.bpftrace.txt";
  const lines = [
    ["replay", path],
    ["report", path],
    ["export", path, "--format", "csv", "-o", "out.csv"],
    ["lint", path],
    ["plan", `${path}@1s`, `${path}@2s`],
  ];
  for (const line of lines) {
    const { code, stdout, stderr, written } = await runFake(line, { interrupted: true });
    assertEquals([code, stdout, stderr], [130, "", "ioeventfd: interrupted\n"], line.join(" "));
    assertEquals([...written.values()].join(""), "");
  }
});
