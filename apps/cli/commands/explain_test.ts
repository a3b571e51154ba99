import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const history = '{"addr":"0xfebfb000","len":0,"name":"queue 0"}\n{"addr":"0xfebfb004","len":2}\n';

function explain(...args: string[]): ReturnType<typeof runFake> {
  return runFake(["explain", ...args], { files: { "history.jsonl": history } });
}

Deno.test("explain --json names errno, check, collision and clause on every release", async () => {
  const { code, stdout } = await explain(
    ...["--addr", "0xfebfb000", "--len", "4", "--history", "history.jsonl"],
    ...["--kernel", "all", "--json"],
  );
  assertEquals(code, 0);
  const { registration, kernels } = JSON.parse(stdout);
  assertEquals(registration, {
    bus: "mmio",
    addr: "0xfebfb000",
    len: 4,
    flags: 0,
    datamatch: null,
  });
  assertEquals(kernels.map((one: { errno: unknown }) => one.errno), [
    null,
    ...Array(5).fill("EEXIST"),
  ]);
  const { check, clause, collidesWith } = kernels[5];
  assertEquals([check, clause], ["collision", "existing-zero-length"]);
  assertEquals(collidesWith, {
    index: 0,
    name: "queue 0",
    bus: "mmio",
    addr: "0xfebfb000",
    len: 0,
    datamatch: null,
  });
});

Deno.test("explain prints a row for each release and the reason once", async () => {
  const { stdout } = await explain("--addr", "0x510", "--len", "0", "--pio", "--kernel", "all");
  assertMatch(stdout, /^pio 0x510 len 0 flags 0x2$/m);
  assertMatch(stdout, /^3\.16 +EINVAL \(22\) +zero-length$/m);
  assertMatch(stdout, /^4\.4 +accepted$/m);
  assertEquals(stdout.match(/Length 0x0 on PIO is not in this release/g)?.length, 1);
});

Deno.test("explain says that what is accepted is dead or can never fire", async () => {
  const never = await explain("--addr", "0x500", "--len", "8", "--pio");
  assertStringIncludes(never.stdout, "Accepted, and it can never fire: no OUT writes 8 bytes");
  const wide = await explain("--addr", "4096", "--len", "1", "--datamatch", "0x1ff");
  assertStringIncludes(wide.stdout, "Accepted, and it can never fire: datamatch 0x1ff is wider");
});

Deno.test("explain says on which releases what it remarks holds, and what is silenced", async () => {
  const set = { "at-4.json": '{"addr":"0xd0000004","len":0}' };
  const line = ["explain", "--addr", "0xd0000000", "--len", "4", "--history", "at-4.json"];
  const one = await runFake(line, { files: set });
  assertStringIncludes(one.stdout, "len 4 flags 0x0, after 1 step\n");
  assertStringIncludes(one.stdout, "\nAccepted, and it hides #0 from writes: ");
  const all = await runFake([...line, "--kernel", "all"], { files: set });
  assertStringIncludes(all.stdout, "\n3.14: Refused of what was registered before: #0.\n");
  assertMatch(all.stdout, /^5\.15, 6\.19: Accepted, and it hides #0/m);
});

Deno.test("explain refuses a command line that does not say what is registered", async () => {
  const cases: [string[], string][] = [
    [["--len", "4"], "explain: --addr ADDR and --len LEN say what is registered"],
    [
      ["--addr", "zero", "--len", "4"],
      '--addr: "zero" is not a number; write it like 0xfebfb000 or 4096',
    ],
    ...["-1", "1.5", "1e3", "0x1_000", "0x", "+5", "-.5"].map((number): [string[], string] => [
      ["--addr", number, "--len", "4"],
      `--addr: "${number}" is not a whole number from 0 on; write it like 0xfebfb000 or 4096`,
    ]),
    [
      ["--addr", "0x10000000000000000", "--len", "4"],
      "--addr: 0x10000000000000000 does not fit 64 bits",
    ],
    [["--addr", "1", "--len", "4294967296"], "--len: 4294967296 is not from 0 to 4294967295"],
    [
      ["--addr", "1", "--len", "1", "--flags", "4"],
      "explain: --flags has DEASSIGN, which registers nothing",
    ],
    [
      ["--addr", "1", "--len", "1", "--kernel", "9"],
      '--kernel: "9" is not one of 3.14, seed, 3.16, 4.4, 5.15, 6.19, all',
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await explain(...args);
    assertEquals([code, stdout, stderr], [2, "", `ioeventfd: ${message}\n`]);
  }
});
