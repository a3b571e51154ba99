import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { KvmError, release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { mmioDoorbell, pioDoorbell } from "./doorbell.ts";
import { ExpectationError } from "./expectation_error.ts";
import { guestLayout, type GuestMode } from "./guest_mode.ts";
import { Stage, type StageOptions } from "./stage.ts";

const addr = 0xfebfb000n;
// mov eax, 0xfebfb000; then:
const toDoorbell = [0xb8, 0x00, 0xb0, 0xbf, 0xfe];
const storeByte = [0x88, 0x08]; // mov [eax], cl
const hlt = 0xf4;

function stage(options: StageOptions = {}): Stage {
  const backend = new VmxBackend({
    counting: true,
    ...(options.release && { release: options.release }),
  });
  return new Stage(backend, options);
}

function around(work: () => unknown): ExpectationError {
  return assertThrows(work, ExpectationError);
}

Deno.test("Stage runs a guest in each mode, and counts its kicks", () => {
  for (const mode of ["prot32", "prot64"] as const satisfies GuestMode[]) {
    using one = stage();
    const vm = one.vm();
    vm.ram(guestLayout.ramSize);
    const kick = one.eventfd("kick");
    vm.assign(mmioDoorbell(addr), kick);
    const cpu = vm.cpu(mode);
    assertEquals(cpu.runProgram([...toDoorbell, ...storeByte, ...storeByte, hlt]), []);
    kick.expectCount(2);
    assertEquals(cpu.end, "hlt");
  }
});

Deno.test("Stage runs a real-mode guest whose DS is where the doorbells are", () => {
  using one = stage();
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const kick = one.eventfd("kick");
  vm.assign(mmioDoorbell(0xd0000050n, 1), kick);
  const cpu = vm.cpu("real16", { ds: 0xd0000000n });
  cpu.runProgram([0xa2, 0x50, 0x00, hlt]); // mov [0x50], al
  kick.expectCount(1);
  assertThrows(() => vm.cpu("prot64", { ds: 1n }), TypeError, "Segments of prot64 are flat");
});

Deno.test("StageCpu lists its exits and answers its reads", () => {
  using one = stage();
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  cpu.onRead = () => 0x1234n;
  const written: string[] = [];
  cpu.onWrite = ({ data }) => void written.push(String(data[0]));
  // mov ecx, [rax+8]; mov [rax], cl; in al, 0x71; hlt
  cpu.runProgram([...toDoorbell, 0x8b, 0x48, 0x08, ...storeByte, 0xe4, 0x71, hlt]);
  cpu.expectExits([
    "mmio read 0xfebfb008 len 4",
    "mmio write 0xfebfb000 len 1 = 0x34",
    "io read 0x71 len 1",
  ]);
  cpu.expectRegister("rcx", 0x1234n);
  assertEquals(written, ["52"]);
  const error = around(() => cpu.expectExits(["hlt"]));
  assertEquals([error.subject, error.expected], ["exits of vcpu0", "hlt"]);
  assert(error.around.includes("vcpu0: io read 0x71 len 1"), error.around.join("\n"));
});

Deno.test("StageCpu says how a guest ended that did not halt", () => {
  const ends: [number[], string][] = [
    [[0xeb, 0xfe], "no HLT after 5000 instructions, at rip 0x1000"],
    [
      [0xbb, 0, 0, 0x80, 0, 0xff, 0xe3],
      "suberror 1 (KVM_INTERNAL_ERROR_EMULATION) at rip 0x800000",
    ],
  ];
  for (const [program, end] of ends) {
    using one = stage({ maxInstructions: 5000 });
    const vm = one.vm();
    vm.ram(guestLayout.ramSize);
    const cpu = vm.cpu("prot64");
    assertStringIncludes(around(() => cpu.runProgram(program)).actual, end);
  }
});

Deno.test("StageCpu counts instructions on the model, and looks at the clock where they have no limit", () => {
  const end = (options: StageOptions): string => {
    using one = stage(options);
    const vm = one.vm();
    vm.ram(guestLayout.ramSize);
    const cpu = vm.cpu("prot64");
    cpu.load([0xeb, 0xfe]);
    cpu.run();
    return cpu.end;
  };
  const counted = end({ maxInstructions: 200_000, timeoutMs: 0 });
  assertEquals(counted, "no HLT after 200000 instructions, at rip 0x1000");
  const timed = end({ maxInstructions: Infinity, timeoutMs: 1 });
  assertEquals(timed, "no HLT after 1 ms, at rip 0x1000");
});

Deno.test("StageCpu stops a guest that exits for ever", () => {
  using one = stage({ maxInstructions: 10_000_000 });
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  cpu.load([0xe6, 0x10, 0xeb, 0xfc]); // out 0x10, al; jmp to it
  cpu.run();
  assertStringIncludes(cpu.end, "no HLT after 100000 exits to userspace");
  assertStringIncludes(around(() => cpu.expectExits([])).actual, "and 99980 more");
});

Deno.test("StageCpu.load() refuses what does not fit, StageVm.cpu() what has no room", () => {
  using one = stage();
  const vm = one.vm();
  assertThrows(() => vm.cpu("prot64"), RangeError, "call ram(0x30000) first");
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  assertThrows(() => cpu.load(new Uint8Array(guestLayout.ramSize)), RangeError, "does not fit");
  assertThrows(() => vm.cpu("prot32"), RangeError, "not for both");
  vm.cpu("real16");
});

Deno.test("StageCpu.expectWork() judges accesses, not the guest's own RAM", () => {
  using one = stage();
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  vm.assign(mmioDoorbell(addr), one.eventfd("kick"));
  const cpu = vm.cpu("prot64");
  cpu.runProgram([...toDoorbell, ...storeByte, hlt]);
  cpu.expectWork({ exits: 1, decoded: 1, spteInstalls: 1, bytesFetched: { atLeast: 2 } });
  cpu.runProgram([...toDoorbell, ...storeByte, ...storeByte, hlt]);
  cpu.expectWork({ exits: 2, decoded: 0, bytesFetched: 0, fetchPageTableReads: 0, eptReads: 0 });
  assertEquals(around(() => cpu.expectWork({ exits: 3 })).actual, "2");
  assertEquals(around(() => cpu.expectWork({ exits: { atLeast: 3 } })).expected, "at least 3");
  assertThrows(() => cpu.expectWork({ cycles: 1 } as never), TypeError, 'No work "cycles"');
});

Deno.test("StageCpu.expectWork() judges nothing where nothing counts", () => {
  using one = new Stage(new VmxBackend());
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  cpu.runProgram([hlt]);
  cpu.expectWork({ exits: 5, decoded: 5 });
  assertEquals([one.log.notCounted, cpu.work], [2, null]);
});

Deno.test("StageVm.expectRefused() wants that errno, and gives the reason", () => {
  using one = stage({ release: release("3.16") });
  const vm = one.vm();
  const kick = one.eventfd("kick");
  vm.assign(mmioDoorbell(addr), kick);
  const refusal = vm.expectRefused("EEXIST", mmioDoorbell(addr, 4), kick);
  assertEquals(refusal.reason.clause, "existing-zero-length");
  vm.expectRefused("EINVAL", pioDoorbell(0x510n), kick);
  const other = around(() => vm.expectRefused("EINVAL", mmioDoorbell(addr, 2), kick));
  assertEquals([other.expected, other.actual], ["EINVAL", "EEXIST"]);
  const none = around(() => vm.expectRefused("EEXIST", mmioDoorbell(0x1000n), kick));
  assertEquals(none.actual, "success");
  assertEquals(vm.registrations.length, 2);
});

Deno.test("StageVm.deassign() takes away what was assigned", () => {
  using one = stage();
  const vm = one.vm();
  const kick = one.eventfd("kick"), other = one.eventfd("other");
  vm.assign(mmioDoorbell(addr), kick);
  vm.expectRefusal("ENOENT", "deassign", () => vm.deassign(mmioDoorbell(addr), other));
  vm.expectWrite("kernel", "mmio", addr, 4);
  vm.deassign(mmioDoorbell(addr), kick);
  vm.expectWrite("userspace", "mmio", addr, 4);
  assertEquals(vm.registrations, []);
  assertEquals(around(() => vm.expectWrite("kernel", "mmio", addr, 4)).actual, "userspace");
});

Deno.test("StageVm.ram() says which slots overlap", () => {
  using one = stage();
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const error = assertThrows(() => vm.ram(0x1000, { gpa: 0x2000n }), KvmError, "EEXIST");
  assertStringIncludes(error.message, "0x2000");
  vm.removeSlot(0);
  vm.ram(0x1000, { gpa: 0x2000n });
});

Deno.test("StageVm.expectMemory() looks through the slots", () => {
  using one = stage();
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  vm.ram(0x1000, { gpa: 0x10_0000n }).bytes.set([1, 2, 3], 8);
  vm.expectMemory(0x10_0008n, [1, 2, 3]);
  assertEquals(around(() => vm.expectMemory(0x10_0008n, [1, 9])).actual, "01 02");
  assertThrows(() => vm.expectMemory(0x10_0fffn, [1, 2]), RangeError, "No memory slot");
});

Deno.test("Stage.interleave() is decided by the seed and loses no kick", () => {
  function run(seed: number): string[] {
    using one = stage({ seed });
    const vm = one.vm();
    vm.ram(guestLayout.ramSize);
    const kick = one.eventfd("kick");
    vm.assign(mmioDoorbell(addr), kick);
    const cpus = [vm.cpu("prot64"), vm.cpu("prot64")];
    // mov ecx, 5; mov [rax], cl; mov [rax+4], cl; dec ecx; jnz; hlt
    const loop = [0xb9, 5, 0, 0, 0, ...storeByte, 0x88, 0x48, 4, 0xff, 0xc9, 0x75, 0xf7, hlt];
    for (const cpu of cpus) cpu.load([...toDoorbell, ...loop]);
    one.interleave(cpus);
    for (const cpu of cpus) cpu.expectEnd("hlt");
    kick.expectCount(10);
    return one.log.recent();
  }
  assertEquals(run(1), run(1));
  assert([2, 3, 4].some((seed) => run(seed).join() !== run(1).join()));
});

Deno.test("Stage.interleave() gives up on a guest that never halts", () => {
  using one = stage({ maxInstructions: 500 });
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const cpus = [vm.cpu("prot64"), vm.cpu("prot64")] as const;
  cpus[0].load([hlt]);
  cpus[1].load([0xeb, 0xfe]);
  one.interleave(cpus);
  assertEquals(cpus[0].end, "hlt");
  assertStringIncludes(cpus[1].end, "no HLT after 500 instructions");
});

Deno.test("Stage.restore() brings memory, vCPUs and registrations back, and drops counters", () => {
  using one = stage();
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const kick = one.eventfd("kick");
  vm.assign(mmioDoorbell(addr), kick);
  const cpu = vm.cpu("prot64", { name: "boot" });
  // inc ebx; mov [rax], cl; hlt; inc ebx; mov [rax], cl; hlt
  const step = [0xff, 0xc3, ...storeByte, hlt];
  cpu.load([...toDoorbell, ...step, ...step]);
  cpu.run();
  vm.memory.view(0x9000n, 1)[0] = 7;
  const snapshot = vm.snapshot();
  vm.memory.view(0x9000n, 1)[0] = 8;

  const { vm: restored, eventfd } = one.restore(snapshot);
  restored.expectMemory(0x9000n, [7]);
  eventfd("kick").expectCount(0);
  const [again] = restored.cpus;
  assertEquals(again!.name, "boot");
  again!.run();
  again!.expectRegister("rbx", 2n);
  eventfd("kick").expectCount(1);
  kick.expectCount(1);
  one.restore(snapshot, { eventfdCounters: "keep" }).eventfd("kick").expectCount(1);
  assertThrows(() => eventfd("none"), RangeError, 'No eventfd "none"');
});

Deno.test("StageVm.snapshot() wants eventfds of different names", () => {
  using one = stage();
  const vm = one.vm();
  vm.assign(mmioDoorbell(addr), one.eventfd("kick"));
  vm.assign(mmioDoorbell(addr + 4n), one.eventfd("kick"));
  assertThrows(() => vm.snapshot(), RangeError, "Two eventfds are called kick");
});

Deno.test("StageEventfd reads, writes, dups and closes", () => {
  using one = stage();
  const kick = one.eventfd("kick", 3);
  kick.expectCount(3);
  const twin = kick.dup("twin");
  kick.close();
  twin.write(2n);
  assertEquals(twin.read(), 5n);
  assertThrows(() => twin.read(), KvmError, "EAGAIN");
  assertEquals(around(() => twin.expectCount(1)).message, "counter of twin: expected 1, got 0");
});

Deno.test("StageCpu lets a guest exit as often as it may, and halt", () => {
  using one = stage({ maxInstructions: 10_000_000 });
  const vm = one.vm();
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  // mov ecx, 100000; out 0x10, al; dec ecx; jnz; hlt
  cpu.load([0xb9, 0xa0, 0x86, 0x01, 0x00, 0xe6, 0x10, 0xff, 0xc9, 0x75, 0xfa, 0xf4]);
  cpu.run();
  assertEquals([cpu.exits.length, cpu.end], [100_000, "hlt"]);
});
