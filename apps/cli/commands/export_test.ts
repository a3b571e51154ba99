import { assert, assertEquals, assertMatch } from "@std/assert";
import { runFake } from "../_fake_host.ts";
import type { FakeRun } from "../_fake_host.ts";

const recording = `1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xc010 len 2 fd 5 flags 0x2 ret 0
2000 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0
`;

function run(args: readonly string[], files: Record<string, string> = {}): Promise<FakeRun> {
  return runFake(["export", ...args], { files: { "vmm.txt": recording, ...files } });
}

Deno.test("export writes text to stdout, or to a file", async () => {
  const shown = await run(["vmm.txt", "--format", "csv", "--name", "mine"]);
  assertEquals([shown.code, shown.stderr], [0, ""]);
  assertMatch(shown.stdout, /^recording,time_ns,line,.*\nmine,1000,1,/);
  const filed = await run(["vmm.txt", "-f", "csv", "--name", "mine", "-o", "out.csv"]);
  assertEquals([filed.code, filed.stdout, filed.stderr], [0, "", "out.csv: 1 kB\n"]);
  const quiet = await run(["vmm.txt", "-f", "csv", "-o", "out.csv", "--quiet"]);
  assertEquals([quiet.code, quiet.stderr], [0, ""]);
  assertEquals(filed.written.get("out.csv"), shown.stdout);
});

Deno.test("export has each format", async () => {
  const perfetto = await run(["vmm.txt", "--format", "perfetto"]);
  const { traceEvents } = JSON.parse(perfetto.stdout);
  assert(traceEvents.some(({ name }: { name: string }) => name === "kick 0xc010"));
  const ftrace = await run(["-", "--format", "ftrace"], { "-": recording });
  assertMatch(ftrace.stdout, /^ +vcpu-8 +\( +7\) \[000\] \.{5} +0\.000002000: kvm_pio: pio_write/m);
  const parquet = await run(["vmm.txt", "--format", "parquet", "-o", "out.parquet"]);
  assertEquals(parquet.code, 0, parquet.stderr);
  assertMatch(parquet.written.get("out.parquet")!, /^PAR1.*PAR1$/s);
});

Deno.test("export says in one line what it cannot do", async () => {
  const cases: [string[], number, RegExp][] = [
    [["vmm.txt"], 2, /^ioeventfd: --format is needed: perfetto, ftrace, csv or parquet\n$/],
    [["vmm.txt", "--format", "json"], 2, /json/],
    [
      ["-", "--format", "csv"],
      2,
      /^ioeventfd: --format csv reads the recording twice: write stdin/,
    ],
    [
      ["vmm.txt", "--format", "parquet"],
      2,
      /^ioeventfd: --format parquet is no text: .* -o FILE\n$/,
    ],
    [["bad.txt", "--format", "csv"], 3, /^ioeventfd: bad\.txt:1: .*\n$/],
    [["bad.txt", "--format", "parquet", "-o", "x"], 3, /^ioeventfd: bad\.txt:1: .*\n$/],
    [["none.txt", "--format", "csv"], 3, /^ioeventfd: cannot read none\.txt: no such file/],
  ];
  for (const [args, code, message] of cases) {
    const ran = await run(args, { "bad.txt": "hello\n" });
    assertEquals([ran.code], [code], ran.stderr);
    assertMatch(ran.stderr, message);
  }
});
