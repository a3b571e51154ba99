import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CaptureError } from "@ioeventfd/capture";
import { lintRecorded } from "./lint_recorded.ts";
import { recordedSets } from "./recorded_set.ts";
import type { RecordedSet } from "./recorded_set.ts";

function recording(lines: readonly string[], pid = 40): Uint8Array {
  const text = lines.map((line, i) => `${1000 + i} ${pid}/${pid} qemu-system-x86 ${line}\n`);
  return new TextEncoder().encode(text.join(""));
}

function ioeventfd(addr: string, len: number, fd: number, flags = 0, ret = 0): string {
  return `KVM_IOEVENTFD: vm 9 datamatch 0x0 addr ${addr} len ${len} fd ${fd} flags 0x${
    flags.toString(16)
  } ret ${ret}`;
}

const createVm = "ioctl: fd 8 cmd 0xae01 arg 0x0 ret 9";
const ran = "kvm_userspace_exit: reason 2 errno 0";

async function only(lines: readonly string[]): Promise<RecordedSet> {
  const [set, ...others] = await recordedSets(recording(lines));
  assertEquals(others, []);
  return set!;
}

Deno.test("recordedSets() keeps the steps that succeeded, their lines, and when the guest ran", async () => {
  const set = await only([
    createVm,
    "ioctl: fd 9 cmd 0xae60 arg 0x0 ret 0",
    "KVM_SET_USER_MEMORY_REGION: vm 9 slot 0x1 flags 0x2 gpa 0xe0000 size 0x20000 ret 0",
    "KVM_REGISTER_COALESCED_MMIO: vm 9 addr 0xcf8 size 4 pio 1 ret 0",
    ioeventfd("0xd0000004", 0, 11),
    ioeventfd("0xd0000004", 0, 12, 0, -17),
    ran,
    ran,
    ioeventfd("0xd0000004", 0, 11, 4),
    "KVM_UNREGISTER_COALESCED_MMIO: vm 9 addr 0xcf8 size 4 pio 1 ret 0",
  ]);
  const registration = { addr: 0xd000_0004n, len: 0, flags: 0, datamatch: 0n };
  assertEquals(set, {
    process: 40,
    vm: 9,
    steps: [
      { kind: "irqchip" },
      { kind: "ram", slot: 1, gpa: 0xe0000n, size: 0x20000n, readonly: true },
      { kind: "zone", addr: 0xcf8n, size: 4, pio: true },
      { kind: "assign", registration, eventfd: "11" },
      { kind: "deassign", registration: { ...registration, flags: 4 }, eventfd: "11" },
      { kind: "zone", addr: 0xcf8n, size: 4, pio: true, remove: true },
    ],
    lines: [2, 3, 4, 5, 9, 10],
    times: [1, 2, 3, 4, 8, 9],
    ranAfter: [4],
    changed: true,
  } as RecordedSet);
});

Deno.test("recordedSets() tells processes and VMs of one descriptor number apart", async () => {
  const one = recording([
    createVm,
    ioeventfd("0x1000", 4, 11),
    createVm,
    ioeventfd("0x2000", 4, 11),
  ]);
  const other = recording([createVm, ioeventfd("0x3000", 4, 11)], 41);
  const sets = await recordedSets(new Uint8Array([...one, ...other]));
  assertEquals(
    sets.map(({ process, steps }) => [process, steps.length]),
    [[40, 1], [41, 1], [40, 1]],
  );
});

Deno.test("recordedSets() puts lines of different CPUs back in the order of time", async () => {
  const text = [
    `1000 40/40 qemu ${createVm}`,
    `3000 40/40 qemu ${ioeventfd("0x1000", 4, 11, 4)}`,
    `2000 40/41 qemu ${ioeventfd("0x1000", 4, 11)}`,
  ].join("\n");
  const [set] = await recordedSets(new TextEncoder().encode(text));
  assertEquals(set?.steps.map(({ kind }) => kind), ["assign", "deassign"]);
  assertEquals([set?.times, set?.lines], [[1000, 2000], [3, 2]]);
});

Deno.test("recordedSets() lets the time of a second recording count on", async () => {
  const one = `5000000000 40/40 qemu ${createVm}\n5000000500 40/40 qemu ${
    ioeventfd("0x1000", 4, 11)
  }\n`;
  const other = `1000 41/41 qemu ${createVm}\n1700 41/41 qemu ${ioeventfd("0x1000", 4, 11)}\n`;
  const sets = await recordedSets(new TextEncoder().encode(one + other));
  assertEquals(sets.map(({ times }) => times), [[500], [1200]]);
});

Deno.test("recordedSets() takes the timer and the local APICs in the kernel for steps", async () => {
  const set = await only([
    createVm,
    "KVM_ENABLE_CAP: fd 9 cap 121 flags 0x0 args 0x18 0x0 ret 0",
    "KVM_CREATE_PIT2: vm 9 flags 0x1 ret 0",
    ioeventfd("0x1000", 4, 11),
  ]);
  assertEquals(set.steps.map(({ kind }) => kind), ["split-irqchip", "pit", "assign"]);
});

Deno.test("recordedSets() gives nothing for a recording without registrations, and refuses what is none", async () => {
  assertEquals(await recordedSets(recording([createVm, ran])), []);
  await assertRejects(() => recordedSets(new TextEncoder().encode("hello\n")), CaptureError);
});

Deno.test("lintRecorded() finds what was dead while the guest ran, though it is gone at the end", async () => {
  const set = await only([
    createVm,
    ioeventfd("0xd0000004", 0, 11),
    ran,
    ioeventfd("0xd0000000", 4, 12),
    ran,
    ioeventfd("0xd0000000", 4, 12, 4),
    ran,
  ]);
  const { registrations, since, safeOrder } = lintRecorded(set);
  assertEquals(registrations.map(({ index, verdict }) => [index, verdict]), [[0, "dead"], [
    1,
    "ok",
  ]]);
  assertEquals([since.get(0), since.get(1)], [4, 4]);
  assertMatch(registrations[0]!.why, /turns away/);
  assertEquals(safeOrder, [0]);
});

Deno.test("lintRecorded() passes over states in which the guest did not run", async () => {
  const set = await only([
    createVm,
    ioeventfd("0xd0000004", 0, 11),
    ioeventfd("0xd0000000", 4, 12),
    ioeventfd("0xd0000000", 4, 12, 4),
    ran,
  ]);
  assertEquals(lintRecorded(set).registrations.map(({ verdict }) => verdict), ["ok"]);
});
