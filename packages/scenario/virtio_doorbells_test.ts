import { assertEquals, assertThrows } from "@std/assert";
import { showDoorbell } from "./doorbell.ts";
import {
  firecrackerVirtioPci,
  kvmtoolVirtioPci,
  qemuVirtioPciLegacy,
  qemuVirtioPciModern,
  qemuVirtioPciModernPio,
  virtioMmio,
} from "./virtio_doorbells.ts";

Deno.test("qemuVirtioPciModern() has an address for each queue", () => {
  const region = { notify: 0xfebfb000n, queues: 2 };
  assertEquals(qemuVirtioPciModern(region).map(showDoorbell), [
    "mmio 0xfebfb000 any length",
    "mmio 0xfebfb004 any length",
  ]);
  assertEquals(qemuVirtioPciModern(region, false).map(showDoorbell), [
    "mmio 0xfebfb000 len 2",
    "mmio 0xfebfb004 len 2",
  ]);
  assertEquals(qemuVirtioPciModern({ ...region, multiplier: 4096 })[1]!.addr, 0xfebfc000n);
});

Deno.test("the wirings with one register tell queues apart by value", () => {
  const register = { base: 0xc000n, queues: 2 };
  assertEquals(qemuVirtioPciLegacy(register).map(showDoorbell), [
    "pio 0xc010 len 2 datamatch 0x0",
    "pio 0xc010 len 2 datamatch 0x1",
  ]);
  assertEquals(qemuVirtioPciModernPio(register).map(showDoorbell), [
    "pio 0xc000 len 2 datamatch 0x0",
    "pio 0xc000 len 2 datamatch 0x1",
  ]);
  assertEquals(virtioMmio({ base: 0xd0000000n, queues: 2 }).map(showDoorbell), [
    "mmio 0xd0000050 len 4 datamatch 0x0",
    "mmio 0xd0000050 len 4 datamatch 0x1",
  ]);
});

Deno.test("firecrackerVirtioPci() is any length, four bytes apart", () => {
  assertEquals(
    firecrackerVirtioPci({ notify: 0xc0006000n, queues: 3 }).map(showDoorbell),
    ["mmio 0xc0006000 any length", "mmio 0xc0006004 any length", "mmio 0xc0006008 any length"],
  );
});

Deno.test("kvmtoolVirtioPci() has two doorbells for each queue", () => {
  assertEquals(
    kvmtoolVirtioPci({ ports: 0x6200n, memory: 0xd2000000n, queues: 2 }).map(showDoorbell),
    [
      "pio 0x6210 len 2 datamatch 0x0",
      "mmio 0xd2000010 len 2 datamatch 0x0",
      "pio 0x6210 len 2 datamatch 0x1",
      "mmio 0xd2000010 len 2 datamatch 0x1",
    ],
  );
});

Deno.test("a wiring of less than no queues is a RangeError", () => {
  assertEquals(virtioMmio({ base: 0n, queues: 0 }), []);
  assertThrows(() => virtioMmio({ base: 0n, queues: -1 }), RangeError);
  assertThrows(() => qemuVirtioPciModern({ notify: 0n, queues: 1.5 }), RangeError);
});
