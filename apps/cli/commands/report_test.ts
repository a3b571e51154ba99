import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const testdev = "captures/q35-pci-testdev.bpftrace.txt";
const bench = JSON.stringify({
  machine: { cpu: "a CPU", rounds: 7 },
  date: "2026-01-01T00:00:00Z",
  axes: {
    dispatch: { "1": { modelNs: 4, nativeNs: 8, ratio: 0.5 } },
    kick: { fastNs: 30, slowNs: 200 },
  },
});

Deno.test("ioeventfd report writes one page, and says how large it is", async () => {
  const { code, stdout, stderr, written } = await runFake(["report", testdev, "-o", "out.html"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^out\.html: \d+ kB\n$/);
  const page = written.get("out.html")!;
  assert(page.startsWith("<!DOCTYPE html>") && page.endsWith("</html>\n"));
  assertStringIncludes(page, testdev);
  assertEquals([...(await runFake(["report", testdev])).written.keys()], ["report.html"]);
});

Deno.test("ioeventfd report - -o - is a filter", async () => {
  const files = { "-": Deno.readFileSync(testdev) };
  const { code, stdout, written } = await runFake(["report", "-", "-o", "-"], { files });
  assertEquals([code, stdout], [0, ""]);
  assertStringIncludes(written.get("-")!, "<h2>stdin</h2>");
});

Deno.test("ioeventfd report takes recordings, compare --json and bench --json by their content", async () => {
  const compared = (await runFake(["compare", "--iterations", "20", "--json"])).stdout;
  const kicks = (await runFake(["bench", "--backend", "sim", "--quick", "--json"])).stdout;
  const three = Deno.readFileSync(testdev);
  const files = { "one": compared, "two": ` \n${bench}`, three, "four": kicks };
  const operands = ["one", "two", "three", "four"];
  const { code, stderr, written } = await runFake(["report", ...operands], { files });
  assertEquals([code, stderr], [0, ""]);
  const page = written.get("report.html")!;
  for (const name of operands) assertStringIncludes(page, `<h2>${name}</h2>`);
  for (const text of ["mmio-zero-length-slow", "a CPU", "0xfebfe801"]) {
    assertStringIncludes(page, text);
  }
});

Deno.test("ioeventfd report ends with 1 on a contradiction, and writes the page all the same", async () => {
  const text = Deno.readTextFileSync(testdev).replace(/.* addr 0xfebfe802 .* flags 0x1 .*\n/, "");
  const { code, written } = await runFake(["report", "x"], { files: { x: text } });
  assertEquals(code, 1);
  assertMatch(written.get("report.html")!, /contradict each other \d+ times/);
});

Deno.test("ioeventfd report ends with 3 and one clear line for what is none of the three", async () => {
  const cases: [content: string | Uint8Array, message: RegExp][] = [
    ["", /^ioeventfd: x:1: The recording is empty\n$/],
    ["foo\n", /^ioeventfd: x:1: Line 1 is not a line of bpftrace or ftrace text/],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 1), /^ioeventfd: x:1: The gzip data is damaged or cut off/],
    ['{"axes":', /^ioeventfd: x: JSON that ends too early: is the file cut off\?\n$/],
    [
      "{}",
      /^ioeventfd: x: JSON of no known kind: it has neither the rows of bench --json, the axes/,
    ],
    ['{"recordings":[]}', /^ioeventfd: x: JSON of no known kind: it is the JSON of a replay/],
    ['{"axes":[]}', /^ioeventfd: x: bench\.axes is not an object\n$/],
    ['{"costTable":[],"kernel":5}', /^ioeventfd: x: comparison\.kernel is not a text\n$/],
    [`[${"0,".repeat(3 << 20)}0]`, /^ioeventfd: x: JSON too long to be of compare or bench\n$/],
    [Uint8Array.of(0x7b, 0xff), /^ioeventfd: x: not UTF-8 text\n$/],
  ];
  for (const [content, message] of cases) {
    const { code, stdout, stderr, written } = await runFake(["report", "x"], {
      files: { x: content },
    });
    assertEquals([code, stdout, written.size], [3, "", 0], stderr);
    assertMatch(stderr, message);
  }
  assertEquals((await runFake(["report", "no/such/file"])).code, 3);
  assertEquals((await runFake(["report", testdev, "--recorded-on", "2.6"])).code, 2);
});

Deno.test("ioeventfd report judges a recording by the release it is said to be of", async () => {
  const { written } = await runFake(["report", testdev, "--recorded-on", "4.4"]);
  assertStringIncludes(written.get("report.html")!, "judged by the rules of Linux 4.4");
});
