/** The recorder with a bpftrace that is a script, so that it can be anything and needs no root. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readyLines, replay, usedTracepoints } from "@ioeventfd/capture";
import { type FakeRun, runFake } from "../_fake_host.ts";
import { RecordCounters } from "./_record_counters.ts";

const facts = [
  "system\tLinux",
  "uid\t0",
  "kvm\tok",
  "tracefs\t/sys/kernel/tracing",
  "access\tok",
  ...usedTracepoints.filter((name) => !name.endsWith("fast_mmio"))
    .map((name) => `tracepoint ${name}\tcommon_pid`),
  "program bpftrace\tbpftrace v0.0.0",
].join("\n");

function shell(script: string, folder: string): string {
  if (script.includes("uname")) return `${facts}\nbpftrace\t${folder}/bpftrace\n`;
  return new TextDecoder().decode(
    new Deno.Command("sh", { args: ["-c", script] }).outputSync().stdout,
  );
}

const attaching = `echo 'Attaching 30 probes...'; echo '${readyLines[0]}'; echo; echo '${
  readyLines[1]
}'`;
const events = [
  "1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4",
  "1100 7/7 vmm ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6",
  "2000 7/7 vmm kvm_pio: rw 1 port 0x80 size 1 count 1 val 0x0",
  "2100 7/7 vmm kvm_userspace_exit: reason 2 errno 0",
];
/** Gives a part of its events when it is told to end, as bpftrace does. */
const good = `trap "echo '${events.slice(2).join("\n")}'; exit 0" INT
${attaching}
echo '${events.slice(0, 2).join("\n")}'
while :; do sleep 0.05; done`;

interface Recorded extends FakeRun {
  readonly file: string;
}

async function recorded(
  bpftrace: string,
  args: readonly string[],
  world: { readonly interrupted?: boolean; readonly name?: string } = {},
): Promise<Recorded> {
  const folder = await Deno.makeTempDir({ prefix: "ioeventfd-record-" });
  try {
    const script = `#!/bin/sh\n${bpftrace}\n`;
    await Deno.writeTextFile(`${folder}/bpftrace`, script, { mode: 0o755 });
    const path = `${folder}/${world.name ?? "recording.txt"}`;
    const here = args.map((arg) => arg.replace("FOLDER", folder));
    const run = await runFake(["record", "-o", path, ...here], {
      shell: (text) => shell(text, folder),
      interrupted: world.interrupted ?? false,
    });
    const file = (await Deno.open(path)).readable;
    const text = path.endsWith(".gz") ? file.pipeThrough(new DecompressionStream("gzip")) : file;
    return { ...run, file: await new Response(text).text() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const mayRun =
  ["run", "env"].every((name) =>
    Deno.permissions.querySync({ name: name as "run" | "env" }).state === "granted"
  ) && Deno.build.os === "linux";
const test = (name: string, fn: () => Promise<void>): void =>
  Deno.test({ name, fn, ignore: !mayRun, sanitizeResources: false, sanitizeOps: false });

test("ioeventfd record writes the events, also the last ones, and says what the host lacks", async () => {
  const { code, stderr, file } = await recorded(good, ["--", "sleep", "0.2"]);
  assertEquals(code, 0);
  const lines = file.trim().split("\n");
  assertEquals(lines.filter((line) => !line.startsWith("#")), events);
  assertMatch(file, /^# recorded: sleep 0\.2$/m);
  assertMatch(file, /^# not on this host: kvm:kvm_fast_mmio$/m);
  assertMatch(
    lines.at(-1)!,
    /^# end: the command ended with exit code 0; 4 events, 1 guest writes/,
  );
  assertStringIncludes(stderr, "4 events");
  assertMatch(stderr, /^replay it: ioeventfd replay /m);
});

test("ioeventfd record packs a file whose name ends in .gz, and is silent with --quiet", async () => {
  const { code, stderr, file } = await recorded(good, ["-q", "--", "sleep", "0.1"], {
    name: "a.txt.gz",
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(file.split("\n").filter((line) => events.includes(line)).length, 4);
});

Deno.test("RecordCounters.draw() draws on a terminal, unless the recording goes to stdout or all is to be quiet", async () => {
  const drawn = async (path: string, world: { terminal: boolean; quiet: boolean }) => {
    let text = "";
    const stderr = {
      isTerminal: world.terminal,
      columns: 80,
      rows: 24,
      write: (part: string) => Promise.resolve(void (text += part)),
    };
    const counters = new RecordCounters({ stderr, quiet: world.quiet }, path);
    await counters.draw();
    counters.begin();
    await counters.draw();
    await counters.wipe();
    return text;
  };
  const shown = await drawn("a.txt", { terminal: true, quiet: false });
  assertMatch(shown, /attaching probes….*recording \d+\.\d s: 0 events/s);
  assert(shown.endsWith("\x1b[K"), "it was wiped");
  assertEquals(await drawn("-", { terminal: true, quiet: false }), "");
  assertEquals(await drawn("a.txt", { terminal: true, quiet: true }), "");
  assertEquals(await drawn("a.txt", { terminal: false, quiet: false }), "");
});

test("ioeventfd record --seconds ends the command, whatever that makes of it", async () => {
  const started = performance.now();
  const stubborn = ["sh", "-c", "trap '' INT; sleep 60 & wait"];
  const { code, file } = await recorded(good, ["--seconds", "0.2", "--", ...stubborn]);
  assertEquals(code, 0);
  assertMatch(file, /^# end: 0\.2 s are over; /m);
  assert(performance.now() - started < 30_000, "it did not wait for the command");
});

test("ioeventfd record starts the command when the probes are attached, and not before", async () => {
  const slow = `sleep 0.3; touch "$0.ready"\n${good}`;
  const { file } = await recorded(slow, ["--", "test", "-e", "FOLDER/bpftrace.ready"]);
  assertMatch(file, /^# end: the command ended with exit code 0; /m);
});

test("a recording says what was lost, and so does its replay", async () => {
  const { file, stderr } = await recorded(
    `${attaching}\necho '${events[0]}'; echo 'Lost 12 events'; echo 'WARNING: Lost 3 events' >&2`,
    ["--pid", String(Deno.pid)],
  );
  assertMatch(stderr, /\b15 lost/);
  const report = await replay(new TextEncoder().encode(file));
  assertEquals([report.lostEvents, report.malformed.count], [15, 0]);
});

test("ioeventfd record ends with 1 when nothing used KVM", async () => {
  const { code, stderr } = await recorded(
    `trap 'exit 0' INT\n${attaching}\nwhile :; do sleep 0.05; done`,
    ["--", "true"],
  );
  assertEquals(code, 1);
  assertStringIncludes(stderr, "no call of KVM was seen");
});

test("ioeventfd record leaves groups out when bpftrace cannot attach to them, and says so", async () => {
  const { code, file } = await recorded(
    `case "$2" in *kvm_page_fault*) echo 'ERROR: no such field' >&2; exit 1;; esac\n${good}`,
    ["--", "sleep", "0.1"],
  );
  assertEquals(code, 0);
  assertMatch(file, /^# left out: kvm_exit, kvm_page_fault, eventfd, .* ERROR: no such field$/m);
});

test("ioeventfd record ends with 4 and bpftrace's own words when it cannot attach", async () => {
  const { code, stderr, file } = await recorded(
    "echo 'ERROR: RLIMIT_MEMLOCK is low' >&2; echo 'ERROR: Operation not permitted' >&2; exit 1",
    ["--", "sh", "-c", "echo this must not run; exit 9"],
  );
  assertEquals(code, 4);
  assertStringIncludes(
    stderr,
    "ioeventfd: record: bpftrace cannot attach: ERROR: Operation not permitted",
  );
  assertStringIncludes(stderr, "the kernel has no BTF");
  assertMatch(file, /^# end: the recording could not begin/m);
});

test("ioeventfd record interrupted leaves a whole file, no command, and 130", async () => {
  const { code, file } = await recorded(good, ["--", "sleep", "60"], { interrupted: true });
  assertEquals(code, 130);
  assertMatch(file, /^# end: interrupted before .*\n$/m);
});

test("ioeventfd record ends with 4 for a program that is not there, 2 without one", async () => {
  const here = (script: string): string => shell(script, "");
  const missing = await runFake(["record", "--", "no-such-program"], { shell: here });
  assertEquals([missing.code, missing.stderr], [
    4,
    "ioeventfd: record: no program no-such-program here\n",
  ]);
  const none = await runFake(["record"], { shell: here });
  assertEquals(none.code, 2);
  const both = await runFake(["record", "--pid", "1", "--", "true"], { shell: here });
  assertEquals(both.code, 2);
});

Deno.test("ioeventfd record names all that a host lacks, and ends with 4", async () => {
  const { code, stderr } = await runFake(["record", "--", "true"], {
    shell: () => "system\tLinux\nuid\t1000\naccess\tmissing\n",
  });
  assertEquals(code, 4);
  for (const what of ["sudo", "apt-get install bpftrace", "mount -t tracefs"]) {
    assertStringIncludes(stderr, what);
  }
});
