import { assertEquals } from "@std/assert";
import { replay } from "./replay.ts";
import type { WriteOutcome } from "./replayed_write.ts";

const text = `1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x1 addr 0xc010 len 2 fd 5 flags 0x3 ret 0
1200 7/7 vmm ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6
2000 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x1
2300 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x1
2400 7/8 vcpu kvm_mmio: type 2 len 8 gpa 0xffff00001000 val 0x8000000000000001
2500 7/8 vcpu kvm_userspace_exit: reason 6 errno 0
`;

Deno.test("replay() tells of each write when it is judged", async () => {
  const seen: unknown[] = [];
  await replay(new TextEncoder().encode(text), {
    onWrite: ({ vm, registration, ...write }) =>
      seen.push({ ...write, vm: vm.name, len: registration?.len ?? write.len }),
  });
  const kick = {
    vm: "VM 4 of process 7",
    thread: 1,
    bus: "pio",
    lo: 0xc010,
    hi: 0,
    len: 2,
    valueLo: 1,
    valueHi: 0,
    eventfd: 5,
    outcome: "ioeventfd",
  };
  assertEquals(seen, [
    { ...kick, line: 4, time: 2000, gap: -1 },
    { ...kick, line: 5, time: 2300, gap: 300 },
    {
      ...kick,
      line: 6,
      time: 2400,
      gap: -1,
      bus: "mmio",
      lo: 0x1000,
      hi: 0xffff,
      len: 8,
      valueHi: -0x8000_0000,
      eventfd: -1,
      outcome: "userspace",
    },
  ]);
});

Deno.test("replay() tells of as many writes as its report counts", async () => {
  const capture = new URL("../../captures/q35-pci-testdev.bpftrace.txt", import.meta.url);
  const counts: Record<WriteOutcome, number> = {
    ioeventfd: 0,
    coalesced: 0,
    "in-kernel": 0,
    userspace: 0,
  };
  const { outcomes } = await replay(await Deno.readFile(capture), {
    onWrite: ({ outcome }) => counts[outcome]++,
  });
  const { "in-kernel": inKernel, ...others } = counts;
  assertEquals({ ...others, inKernel }, outcomes);
});
