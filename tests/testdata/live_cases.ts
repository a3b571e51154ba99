// Runs live cases of every kind, failing ones among them, and prints what the process had open before, during and after.
// Usage: deno run --allow-ffi=<path of libc> live_cases.ts <cases>
import {
  DisposeLater,
  LiveBackend,
  type LiveSystem,
  type LiveVm,
  type OtherFile,
} from "@ioeventfd/kvm-live";
import { fillTables, guestLayout, startRegs, startSregs } from "@ioeventfd/scenario";
import { ioc, KVMIO } from "@ioeventfd/uapi";
import { footprintOfOne, settledFootprint } from "./settled_footprint.ts";

const KVM_GET_STATS_FD = ioc(0, KVMIO, 0xce, 0);

const kinds: readonly OtherFile[] = ["pipe", "file", "socket", "timerfd", "epoll", "o_path"];

function doorbells(system: LiveSystem, vm: LiveVm, i: number): void {
  const fd = system.eventfd(0, i & 1);
  vm.assignIoeventfd({ bus: "mmio", addr: BigInt(i) << 4n, match: { len: 0 }, fd });
  vm.assignIoeventfd({ bus: "pio", addr: 0x510n, match: { len: 2 }, fd: system.dup(fd) });
  vm.guestWrite("mmio", BigInt(i) << 4n, 4, 0n);
  vm.guestWrite("mmio", (BigInt(i) << 33n) % (1n << 47n), 8, 0n);
  if (system.eventfdCount(fd) === 0n) throw new Error("no signal");
}

function guest(system: LiveSystem, vm: LiveVm): void {
  const { bytes, hva } = system.allocateMemory(guestLayout.ramSize);
  fillTables("real16", bytes);
  bytes.set([0xe6, 0x42, 0xf4], guestLayout.code); // out 0x42, al; hlt
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size: BigInt(guestLayout.ramSize), hva });
  const vcpu = vm.createVcpu(0);
  vcpu.setSregs(startSregs("real16", vcpu.getSregs()));
  vcpu.setRegs(startRegs());
  if (vcpu.run().reason !== "io") throw new Error("no exit");
}

function runaway(_: LiveSystem, vm: LiveVm): void {
  vm.guestRun({ code: Uint8Array.of(0xeb, 0xfe), timeoutMs: 1 });
}

function zones(_: LiveSystem, vm: LiveVm): void {
  vm.registerCoalesced({ addr: 0xd0000000n, size: 16 });
  vm.guestWrite("mmio", 0xd0000000n, 4, 0n);
  vm.createVcpu(1)[Symbol.dispose]();
}

function descriptors(system: LiveSystem, vm: LiveVm, i: number): void {
  const fd = system.openOther(kinds[i % kinds.length]!);
  if (i & 1) system.close(fd);
  vm.ioctl(KVM_GET_STATS_FD);
  vm.assignIoeventfd({ bus: "pio", addr: 0n, match: { len: 1 }, fd });
}

function refused(system: LiveSystem, vm: LiveVm): void {
  const { hva } = system.allocateMemory(0x1000);
  vm.setMemoryRegion({ slot: 497, gpa: 0n, size: 0x1000n, hva });
  vm.guestWrite("pio", 0n, 1, 0n); // its own slot is taken
}

function irqchip(_: LiveSystem, vm: LiveVm): void {
  vm.createIrqchip();
  vm.guestWrite("pio", 0x21n, 1, 0n);
}

const cases = [doorbells, guest, zones, descriptors, refused, doorbells, runaway, irqchip];
const mayThrow: ReadonlySet<unknown> = new Set([runaway, descriptors, refused]);

function runCases(count: number): number {
  const backend = new LiveBackend();
  let threw = 0;
  using later = new DisposeLater();
  for (let i = 0; i < count; i++) {
    const work = cases[i % cases.length]!;
    const system = later.push(backend.open());
    try {
      work(system, system.createVm(), i);
    } catch (error) {
      if (!mayThrow.has(work)) throw error;
      threw++;
    }
  }
  return threw;
}

const count = Number(Deno.args[0] ?? "200");
runCases(64);
await settledFootprint();
runCases(64);
const before = await settledFootprint();
const during = footprintOfOne();
const threw = runCases(count);
const after = await settledFootprint(before);
console.log(JSON.stringify({ count, threw, before, during, after }));
