/** Calls that `captures/capture.bt` does not record and `ioeventfd record` does. */
import { assertEquals } from "@std/assert";
import { replay } from "./replay.ts";
import type { ReplayReport } from "./replay_report.ts";

function played(lines: readonly string[]): Promise<ReplayReport> {
  const text = lines.map((line, i) => `${1000 + i * 100} 7/7 vmm ${line}\n`).join("");
  return replay(new TextEncoder().encode(text));
}

const vm = "ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4";
const vcpu = "ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6";
const found = (report: ReplayReport): unknown[] => [
  report.contradictions,
  report.inferred,
  report.exits.unexplained,
  report.malformed.count,
];

Deno.test("replay() takes an irqfd after KVM_ENABLE_CAP of a split irqchip without a guess", async () => {
  const irqfd = "KVM_IRQFD: vm 4 fd 9 gsi 5 flags 0x0 resamplefd 0 ret 0";
  const cap = "KVM_ENABLE_CAP: fd 4 cap 121 flags 0x0 args 0x18 0x0 ret 0";
  assertEquals(found(await played([vm, cap, vcpu, irqfd])), [[], [], 0, 0]);
  assertEquals((await played([vm, vcpu, irqfd])).inferred.length, 1);
});

Deno.test("replay() makes no VM of the vCPU that a capability is enabled on", async () => {
  const report = await played([
    vm,
    vcpu,
    "KVM_ENABLE_CAP: fd 6 cap 123 flags 0x0 args 0x0 0x0 ret 0",
  ]);
  assertEquals(report.vms.map(({ name }) => name), ["VM 4 of process 7"]);
  assertEquals(found(report), [[], [], 0, 0]);
});

Deno.test("replay() knows from KVM_CREATE_PIT2 whether the speaker port is in the kernel", async () => {
  const machine = [vm, "ioctl: fd 4 cmd 0xae60 arg 0x0 ret 0"];
  const access = "kvm_pio: rw 1 port 0x61 size 1 count 1 val 0x3";
  const with_ = await played([
    ...machine,
    "KVM_CREATE_PIT2: vm 4 flags 0x1 ret 0",
    vcpu,
    access,
    "kvm_pio: rw 1 port 0x80 size 1 count 1 val 0x0",
    "kvm_userspace_exit: reason 2 errno 0",
  ]);
  assertEquals([...found(with_), with_.outcomes.inKernel], [[], [], 0, 0, 1]);
  const without = await played([
    ...machine,
    "KVM_CREATE_PIT2: vm 4 flags 0x0 ret 0",
    vcpu,
    access,
    "kvm_userspace_exit: reason 2 errno 0",
  ]);
  assertEquals([...found(without), without.outcomes.userspace], [[], [], 0, 0, 1]);
});

const assign = (fd: number, flags = 0): string =>
  `KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0x1000 len 4 fd ${fd} flags 0x${flags.toString(16)}`;

Deno.test("replay() follows eventfds through dup and close", async () => {
  const opened = "eventfd: count 0 flags 0x80000 ret 8";
  const dup = await played([
    vm,
    opened,
    `${assign(8)} ret 0`,
    "dup: fd 8 ret 12",
    `${assign(12, 4)} ret 0`,
  ]);
  assertEquals(found(dup), [[], [], 0, 0]);
  const reused = [vm, opened, `${assign(8)} ret 0`, "close: fd 8 ret 0"];
  const again = await played([...reused, opened, `${assign(8, 4)} ret -2`]);
  assertEquals(found(again), [[], [], 0, 0]);
  const closed = await played([...reused, `${assign(8, 4)} ret -9`]);
  assertEquals(found(closed), [[], [], 0, 0]);
});

Deno.test("replay() is not disturbed by reads and writes of eventfds, nor by any descriptor", async () => {
  const report = await played([
    vm,
    "eventfd: count 0 flags 0x80000 ret 8",
    "eventfd_write: fd 8 value 0x1 ret 8",
    "eventfd_read: fd 8 value 0x1 ret 8",
    "eventfd_read: fd 8 value 0x0 ret -11",
    "dup: fd 2000000000 ret 3",
    "dup: fd -5 ret 2000000001",
    "close: fd -7 ret 0",
  ]);
  assertEquals(found(report), [[], [], 0, 0]);
});
