import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KVM_CREATE_PIT2, KVM_IOEVENTFD, KvmError } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { mmioDoorbell } from "./doorbell.ts";
import { guestLayout } from "./guest_mode.ts";
import { KernelTrace } from "./kernel_trace.ts";
import { Stage } from "./stage.ts";

function eventsOf(trace: KernelTrace): string[] {
  return trace.text().split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/^.*?\d+\.\d{6}: /, ""));
}

Deno.test("KernelTrace has the calls between the events of the guest", () => {
  const trace = new KernelTrace();
  using stage = new Stage(trace.around(new VmxBackend({ trace })));
  const vm = stage.vm();
  vm.ram(guestLayout.ramSize);
  const kick = stage.eventfd("kick");
  vm.assign(mmioDoorbell(0xfebfb000n), kick);
  vm.expectRefused("EEXIST", mmioDoorbell(0xfebfb000n, 4), kick);
  vm.coalesced({ addr: 0xd0000000n, size: 64 });
  // mov eax, 0xfebfb000; mov [rax], cl; hlt
  vm.cpu("prot64").runProgram([0xb8, 0x00, 0xb0, 0xbf, 0xfe, 0x88, 0x08, 0xf4]);
  vm.deassign(mmioDoorbell(0xfebfb000n), kick);
  const events = eventsOf(trace);
  assertEquals(events.filter((line) => !line.startsWith("kvm_e") && !line.includes("fault")), [
    "ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4",
    "KVM_SET_USER_MEMORY_REGION: vm 4 slot 0x0 flags 0x0 gpa 0x0 size 0x30000 ret 0",
    "KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xfebfb000 len 0 fd 5 flags 0x0 ret 0",
    "KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xfebfb000 len 4 fd 5 flags 0x0 ret -17",
    "KVM_REGISTER_COALESCED_MMIO: vm 4 addr 0xd0000000 size 64 pio 0 ret 0",
    "ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6",
    events.find((line) => line.startsWith("mark_mmio_spte"))!,
    "vcpu_match_mmio: gva 0xfebfb000 gpa 0xfebfb000 Write GPA",
    "kvm_mmio: mmio write len 1 gpa 0xfebfb000 val 0x0",
    "kvm_userspace_exit: reason KVM_EXIT_HLT (5)",
    "KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xfebfb000 len 0 fd 5 flags 0x4 ret 0",
  ]);
});

Deno.test("KernelTrace traces the raw door too", () => {
  const trace = new KernelTrace();
  using kvm = trace.around(new VmxBackend({ trace })).open();
  using vm = kvm.createVm();
  assertThrows(() => vm.ioctl(KVM_IOEVENTFD, new Uint8Array(64).fill(0xff)), KvmError, "EBADF");
  assertThrows(() => vm.ioctl(KVM_CREATE_PIT2, new Uint8Array(64)), KvmError);
  const [, ioeventfd, pit] = eventsOf(trace);
  assertMatch(ioeventfd!, /^KVM_IOEVENTFD: .* flags 0xffffffff ret -9$/);
  assertMatch(pit!, /^ioctl: fd \d+ cmd 0x4040ae77 arg 0x0 ret -\d+$/);
});

Deno.test("KernelTrace gives each process and each vCPU a thread, and time goes forward", () => {
  const trace = new KernelTrace();
  const backend = trace.around(new VmxBackend({ trace }));
  for (let i = 0; i < 2; i++) {
    using stage = new Stage(backend);
    const vm = stage.vm();
    vm.ram(guestLayout.ramSize);
    const cpus = [vm.cpu("prot64"), vm.cpu("prot64")];
    for (const cpu of cpus) cpu.load([0x90, 0x90, 0x90, 0xf4]);
    stage.interleave(cpus);
  }
  const lines = trace.text().split("\n").filter((line) => line.includes(" scenario-"));
  const threads = lines.map((line) => /scenario-(\d+) +\( +(\d+)\)/.exec(line)!.slice(1).join("/"));
  assertEquals([...new Set(threads)].sort(), [
    "1000/1000",
    "1001/1000",
    "1002/1000",
    "1003/1003",
    "1004/1003",
    "1005/1003",
  ]);
  const times = lines.map((line) => Number(/ (\d+\.\d{6}): /.exec(line)![1]));
  assert(times.every((time, i) => i === 0 || time >= times[i - 1]!), "time goes back");
});
