import { assertEquals, assertThrows } from "@std/assert";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { memoryProgram, portProgram } from "./access_program.ts";
import { mmioDoorbell, pioDoorbell } from "./doorbell.ts";
import { guestLayout } from "./guest_mode.ts";
import { Stage } from "./stage.ts";

Deno.test("StageCpu stores and loads every length of each mode", () => {
  const lengths = { real16: [1, 2, 4], prot32: [1, 2, 4], prot64: [1, 2, 4, 8] } as const;
  for (const mode of ["real16", "prot32", "prot64"] as const) {
    using stage = new Stage(new VmxBackend());
    const vm = stage.vm();
    vm.ram(guestLayout.ramSize);
    const cpu = vm.cpu(mode, mode === "real16" ? { ds: 0xd0000000n } : {});
    cpu.onRead = () => 0x8877665544332211n;
    for (const len of lengths[mode]) {
      const mask = (1n << BigInt(8 * len)) - 1n;
      const value = 0x1122334455667788n & mask;
      cpu.store(0xd0000050n, len, value);
      cpu.expectExits([`mmio write 0xd0000050 len ${len} = 0x${value.toString(16)}`]);
      assertEquals(cpu.read(0xd0000050n, len), 0x8877665544332211n & mask, `${mode} ${len}`);
      cpu.expectExits([`mmio read 0xd0000050 len ${len}`]);
    }
  }
});

Deno.test("StageCpu reaches ports", () => {
  using stage = new Stage(new VmxBackend());
  const vm = stage.vm();
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  cpu.onRead = () => 0x44332211n;
  for (const len of [1, 2, 4]) {
    const mask = (1n << BigInt(8 * len)) - 1n;
    const value = (0x55667788n & mask).toString(16);
    assertEquals(cpu.out(0xc010n, len, 0x55667788n & mask), [
      `io write 0xc010 len ${len} = 0x${value}`,
    ]);
    assertEquals(cpu.in(0xc010n, len), 0x44332211n & mask);
  }
});

Deno.test("StageCpu.ring() rings as the doorbell wants", () => {
  using stage = new Stage(new VmxBackend());
  const vm = stage.vm();
  vm.ram(guestLayout.ramSize);
  const cpu = vm.cpu("prot64");
  const kick = stage.eventfd("kick");
  const doorbells = [
    mmioDoorbell(0xfebfb000n),
    mmioDoorbell(0xd0000050n, 4, 3n),
    mmioDoorbell(0xd0001000n, 8, 2n ** 64n - 1n),
    pioDoorbell(0xc010n, 2, 1n),
    pioDoorbell(0xc020n, 1),
  ];
  for (const doorbell of doorbells) {
    vm.assign(doorbell, kick);
    assertEquals(cpu.ring(doorbell), []);
  }
  kick.expectCount(doorbells.length);
  assertThrows(() => cpu.ring(pioDoorbell(0x1_0000n, 2)), RangeError, "No guest reaches port");
  assertThrows(() => cpu.ring({ bus: "ccw", addr: 0n, match: { len: 0 } }), RangeError, "CCW");
});

Deno.test("memoryProgram() and portProgram() refuse what a mode does not reach", () => {
  const cases: [() => unknown, string][] = [
    [() => memoryProgram({ addr: 0xffffn, len: 2 }, "real16", 0n), "does not reach 0xffff"],
    [() => memoryProgram({ addr: 0x1000n, len: 1 }, "real16", 0x2000n), "does not reach 0x1000"],
    [() => memoryProgram({ addr: 1n << 32n, len: 1 }, "prot64", 0n), "does not reach 0x100000000"],
    [() => memoryProgram({ addr: 0n, len: 8 }, "prot32", 0n), "has no 8 bytes"],
    [() => portProgram({ addr: 0x10n, len: 8 }), "No port access has 8 bytes"],
    [() => portProgram({ addr: 0x1_0000n, len: 1 }), "No guest reaches port 0x10000"],
  ];
  for (const [make, message] of cases) assertThrows(make, RangeError, message);
  using stage = new Stage(new VmxBackend());
  const vm = stage.vm();
  vm.ram(guestLayout.ramSize);
  assertThrows(() => vm.cpu("prot64").store(0n, 3), RangeError, "1, 2, 4 or 8 bytes, not 3");
});
