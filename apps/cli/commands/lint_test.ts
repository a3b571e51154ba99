import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const dead = '[{"addr":"0xd0000004","len":0,"name":"rx"},{"addr":"0xd0000000","len":4}]';
const fine = '[{"addr":"0xd0000000","len":4},{"addr":"0xd0000004","len":0}]';
const never = '[{"addr":"0x500","len":8,"flags":2}]';

function lint(set: string | Uint8Array, ...args: string[]): ReturnType<typeof runFake> {
  return runFake(["lint", "set.json", ...args], { files: { "set.json": set } });
}

Deno.test("lint --json says what is dead, what hides it, and an order", async () => {
  const { code, stdout, stderr } = await lint(dead, "--json");
  assertEquals([code, stderr], [1, ""]);
  const document = JSON.parse(stdout);
  assertEquals(document.kernels, ["6.19"]);
  assertEquals(document.safeOrder, [1, 0]);
  assertEquals(document.robust, true);
  const [first, second] = document.registrations;
  assertMatch(first.why, /turns away from this one/);
  assertEquals({ ...first, why: "" }, {
    index: 0,
    name: "rx",
    bus: "mmio",
    addr: "0xd0000004",
    len: 0,
    datamatch: null,
    errno: null,
    verdict: "dead",
    writes: [1, 2, 4, 8],
    hiddenBy: [1],
    why: "",
  });
  assertEquals([second.verdict, second.writes, second.hiddenBy, second.why], ["ok", [], [], ""]);
});

Deno.test("lint ends with 1 when something is dead, with --strict also when it never fires", async () => {
  assertEquals((await lint(fine)).code, 0);
  assertEquals((await lint(dead)).code, 1);
  assertEquals((await lint(never)).code, 0);
  assertEquals((await lint(never, "--strict")).code, 1);
  assertEquals((await lint(fine, "--strict")).code, 0);
});

Deno.test("lint prints a table, the reasons and the order", async () => {
  const { stdout } = await lint(dead);
  assertMatch(stdout, /^ ?0 +rx +mmio +0xd0000004 +0 +dead +1 2 4 8 +#1$/m);
  assertMatch(stdout, /^#0: the binary search of a write of 1 byte to 0xd0000004 /m);
  assertMatch(stdout, /^Safe order: #1 #0$/m);
  assertMatch(stdout, /^1 ok, 1 dead, 0 never fire$/m);
});

Deno.test("lint --kernel all shows releases that agree together", async () => {
  const { stdout } = await lint(dead, "--kernel", "all");
  assertStringIncludes(stdout, "Linux 3.14\n");
  const { releases, kernels } = JSON.parse((await lint(dead, "--kernel", "all", "--json")).stdout);
  assertEquals(kernels, ["3.14", "seed", "3.16", "4.4", "5.15", "6.19"]);
  assertEquals(releases.length, 6);
  assertEquals(releases[0].registrations[0].errno, "EINVAL");
});

Deno.test("lint --ept asks the fast MMIO bus too", async () => {
  const set = '[{"addr":"0xfebfb000","len":0}]';
  const verdict = async (...args: string[]): Promise<string> =>
    JSON.parse((await lint(set, "--kernel", "3.16", "--json", ...args)).stdout)
      .registrations[0].verdict;
  assertEquals(await verdict(), "never");
  assertEquals(await verdict("--ept"), "ok");
});

const lines = [
  "1 40/40 qemu-system-x86 ioctl: fd 8 cmd 0xae01 arg 0x0 ret 9",
  "2 40/40 qemu-system-x86 KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0xd0000004 len 0 fd 11 flags 0x0 ret 0",
  "3 40/40 qemu-system-x86 KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0xd0000000 len 4 fd 12 flags 0x0 ret 0",
  "4 40/40 qemu-system-x86 kvm_userspace_exit: reason 2 errno 0",
];

Deno.test("lint takes a recording, gzip too, and gives the lines", async () => {
  const text = lines.join("\n") + "\n";
  const gzip = new Uint8Array(
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")))
      .arrayBuffer(),
  );
  for (const input of [text, gzip]) {
    const { code, stdout } = await lint(input, "--json");
    assertEquals(code, 1);
    const { process, vm, registrations, vms } = JSON.parse(stdout);
    assertEquals([process, vm, vms.length], [40, 9, 1]);
    assertEquals([registrations[0].verdict, registrations[0].line, registrations[0].since], [
      "dead",
      2,
      3,
    ]);
  }
  assertMatch((await lint(text)).stdout, /^VM 9 of process 40$/m);
});

Deno.test("lint says of a VM without registrations that there is none to judge", async () => {
  const probe = [
    "1 40/40 qemu-system-x86 ioctl: fd 8 cmd 0xae01 arg 0x0 ret 9",
    "2 40/40 qemu-system-x86 KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0x0 len 2 fd 5 flags 0x3 ret 0",
    "3 40/40 qemu-system-x86 KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0x0 len 2 fd 5 flags 0x7 ret 0",
    "4 40/40 qemu-system-x86 kvm_pio: rw 1 port 0x70 size 1 count 1 val 0x8f",
    "5 40/40 qemu-system-x86 kvm_userspace_exit: reason 2 errno 0",
  ];
  const { code, stdout } = await lint(probe.join("\n") + "\n");
  assertEquals(code, 0);
  assertEquals(
    stdout,
    "VM 9 of process 40\nNo registration was in force while its guest ran\n",
  );
});

Deno.test("lint says in one line what is wrong with its input, and ends with 3", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    ["", /^ioeventfd: set\.json:1: empty: expected registrations as JSON\n$/],
    [
      '[{"addr":"0x1",',
      /^ioeventfd: set\.json:1: JSON that ends too early: is the file cut off\?\n$/,
    ],
    ['[{"addr":1e30,"len":1}]', /^ioeventfd: set\.json:1: \/0\/addr: JSON does not keep .*\n$/],
    ["hello\n", /^ioeventfd: set\.json: neither a set as JSON nor a recording: .*\n$/],
    [
      lines.slice(0, 1).join("\n"),
      /^ioeventfd: set\.json: the recording has no call of KVM_IOEVENTFD.*\n$/,
    ],
    [Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3), /^ioeventfd: set\.json: broken gzip data.*\n$/],
    [Uint8Array.of(0x5b, 0xff, 0xfe), /^ioeventfd: set\.json: not UTF-8 text\n$/],
  ];
  for (const [input, message] of cases) {
    const { code, stdout, stderr } = await lint(input);
    assertEquals([code, stdout], [3, ""], stderr);
    assert(message.test(stderr), stderr);
  }
});

Deno.test("lint takes a set with a byte order mark for a set", async () => {
  const { code, stderr } = await lint(`\ufeff ${fine}`);
  assertEquals([code, stderr], [0, ""]);
});
