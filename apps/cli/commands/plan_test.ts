import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";
import type { FakeRun } from "../_fake_host.ts";

const old = '[{"addr":"0xfebf0000","len":0,"name":"rx"},{"addr":"0xfebf0004","len":2,"name":"tx"}]';
const next =
  '[{"addr":"0xfebe0000","len":0,"name":"rx"},{"addr":"0xfebf0004","len":0,"name":"tx"}]';

function plan(args: readonly string[], files: Record<string, string> = {}): Promise<FakeRun> {
  return runFake(["plan", ...args], {
    files: { "old.json": old, "new.json": next, "empty.json": "[]", ...files },
  });
}

Deno.test("plan prints the steps, the windows and why", async () => {
  const { code, stdout, stderr } = await plan(["old.json", "new.json"]);
  assertEquals([code, stderr], [1, ""]);
  assertMatch(stdout, /^4 ioctls: 2 assigns, 2 deassigns; 0 registrations stay; .* Linux 6\.19$/m);
  assertMatch(stdout, /^ +1 +assign +mmio +0xfebe0000 +any +rx +new #0 +2$/m);
  assertMatch(stdout, /step 3 to 4, collision: writes of 2 bytes to 0xfebf0004 exit; no order/);
  assertMatch(stdout, /^1 window: no order has fewer$/m);
});

Deno.test("plan ends with 0 when nothing is lost, and when there is nothing to do", async () => {
  const { code, stdout } = await plan(["empty.json", "old.json"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^No window: what both sets signal is signalled after every step$/m);
  const none = await plan(["old.json", "old.json"]);
  assertEquals(none.code, 0);
  assertMatch(none.stdout, /^Nothing to do$/m);
});

Deno.test("plan --json has the steps with every u64 in hex", async () => {
  const { stdout } = await plan(["old.json", "new.json", "--json"]);
  const { steps, windows, kept, optimal, kernels, checked } = JSON.parse(stdout);
  assertEquals([kernels, checked, kept, optimal], [["6.19"], ["6.19"], [], true]);
  assertEquals(steps[0], {
    step: 1,
    op: "assign",
    name: "rx",
    bus: "mmio",
    addr: "0xfebe0000",
    len: 0,
    flags: 0,
    datamatch: null,
    eventfd: "rx",
    old: null,
    new: 0,
    other: 2,
  });
  assertEquals([windows.length, windows[0].registration.addr], [1, "0xfebf0004"]);
});

Deno.test("plan --c and --rust print code, and not both", async () => {
  const c = await plan(["old.json", "new.json", "--c"]);
  assertStringIncludes(c.stdout, "int apply_plan(int vm, const struct plan_eventfds *efd)");
  const rust = await plan(["old.json", "new.json", "--rust"]);
  assertStringIncludes(rust.stdout, "pub fn apply_plan(vm: &VmFd, efd: &PlanEventFds)");
  const both = await plan(["old.json", "new.json", "--c", "--rust"]);
  assertEquals([both.code, both.stderr], [2, "ioeventfd: --c and --rust: one form at a time\n"]);
});

Deno.test("plan names the releases that cannot hold a set", async () => {
  const { code, stdout } = await plan(["empty.json", "new.json", "--kernel", "all"]);
  assertEquals(code, 1);
  assertMatch(stdout, /on 3\.14: new #0 "rx" \(len 0 at 0xfebe0000\) is refused: EINVAL/);
});

const recording = [
  "1000000000 40/40 vmm ioctl: fd 8 cmd 0xae01 arg 0x0 ret 9",
  "2000000000 40/40 vmm KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0xfebf0000 len 0 fd 11 flags 0x0 ret 0",
  "3000000000 40/40 vmm KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0xfebf0000 len 0 fd 11 flags 0x4 ret 0",
  "3000500000 40/40 vmm KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0xfebe0000 len 0 fd 11 flags 0x0 ret 0",
].join("\n") + "\n";

Deno.test("plan takes a recording at two times", async () => {
  const files = { "vmm.txt": recording };
  const { stdout, code } = await plan(["vmm.txt@1500ms", "vmm.txt@2.1s", "--json"], files);
  assertEquals(code, 0);
  const { steps } = JSON.parse(stdout);
  assertEquals(
    steps.map(({ op, addr }: { op: string; addr: string }) => [op, addr]),
    [["assign", "0xfebe0000"], ["deassign", "0xfebf0000"]],
  );
  const none = await plan(["vmm.txt@0.5", "vmm.txt@500000us"], files);
  assertMatch(none.stdout, /^Nothing to do$/m);
});

Deno.test("plan asks which VM when a recording has several", async () => {
  const other = recording.replaceAll("40/40", "41/41").replaceAll("febf", "fecf");
  const files = { "two.txt": recording + other };
  const asked = await plan(["two.txt@1.5s", "old.json"], files);
  assertEquals(asked.code, 3);
  assertMatch(asked.stderr, /two\.txt: several VMs: choose one with --vm PID\/FD: 40\/9, 41\/9\n$/);
  const chosen = await plan(["empty.json", "two.txt@3.1s", "--vm", "41/9", "--json"], files);
  assertEquals(JSON.parse(chosen.stdout).steps[0].addr, "0xfecf0000");
  assertMatch((await plan(["two.txt", "old.json", "--vm", "5"], files)).stderr, /no VM 5 in it/);
});

Deno.test("plan says in one line what is wrong with its input", async () => {
  const cases: [string[], number, RegExp][] = [
    [["old.json"], 2, /.+/],
    [["-", "-"], 2, /^ioeventfd: stdin can be one set, not both\n$/],
    [["old.json@3s", "new.json"], 2, /^ioeventfd: old\.json@3s: a set as JSON has no time\n$/],
    [["vmm.txt@abc", "new.json"], 2, /^ioeventfd: vmm\.txt@abc: "abc" is not a time since the /],
    [
      ["new.json", "vmm.txt@-1s"],
      2,
      /: "-1s" is not a time .*; write it like 3\.2s, 250ms or 12us\n$/,
    ],
    [["vmm.txt@", "new.json"], 2, /^ioeventfd: vmm\.txt@: "" is not a time/],
    [["none.txt@abc", "new.json"], 3, /^ioeventfd: cannot read none\.txt@abc: no such file/],
    [
      ["old.json", "new.json", "--vm", "9"],
      2,
      /^ioeventfd: plan: --vm is for recordings, and both/,
    ],
    [["bad.txt", "new.json"], 3, /^ioeventfd: bad\.txt: neither a set as JSON nor a recording: /],
    [["none.json", "new.json"], 3, /^ioeventfd: cannot read none\.json/],
  ];
  for (const [args, code, message] of cases) {
    const ran = await plan(args, { "bad.txt": "hello\n", "vmm.txt": recording });
    assertEquals([ran.code, ran.stdout], [code, ""], ran.stderr);
    assertMatch(ran.stderr, message);
  }
});

Deno.test("plan reads a file whose name looks like one with a wrong time", async () => {
  const files = { "vmm.txt": "hello\n", "vmm.txt@noon": recording };
  const { code, stdout } = await plan(["vmm.txt@noon@1.5s", "vmm.txt@noon", "--json"], files);
  assertEquals([code, JSON.parse(stdout).steps.length], [0, 2]);
});
