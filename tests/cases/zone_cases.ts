// Coalesced zones, KC_* of those run in C, and how they meet ioeventfds.
// KERNEL 6.19 virt/kvm/coalesced_mmio.c kvm_vm_ioctl_register_coalesced_mmio, kvm_vm_ioctl_unregister_coalesced_mmio
import { assertEquals } from "@std/assert";
import { callCase, type Case } from "./case.ts";
import { PIO, TOP } from "./flags.ts";
import type { Rig } from "./rig.ts";

const BASE = 0xd000_0000;

function contest(bus: "mmio" | "pio"): Case {
  const pio = bus === "pio" ? 1 : 0, base = pio === 1 ? 0x600 : BASE;
  const write = (rig: Rig, addr: number, len: number): boolean =>
    pio === 1 ? rig.out(addr, len, 1) : rig.store(addr, len, 1);
  const name = "at a zone's start a non-zero length always wins, elsewhere whoever was first";
  return callCase(`${name}: ${bus}`, (rig) => {
    for (const zoneFirst of [true, false]) {
      const places = [
        [0, 4, true],
        [0, 1, true],
        [0, 0, !zoneFirst],
        [4, 4, !zoneFirst],
        [4, 0, !zoneFirst],
        [12, 4, !zoneFirst],
      ] as const;
      for (const [offset, len, ioeventfdWins] of places) {
        const one = rig.another(), fd = rig.efd();
        if (zoneFirst) one.zone(base, 16, pio);
        assertEquals(one.io(base + offset, len, pio === 1 ? PIO : 0, 0, fd), 0);
        if (!zoneFirst) one.zone(base, 16, pio);
        assertEquals(write(one, base + offset, len === 0 ? 4 : len), false);
        const what = `${zoneFirst ? "zone" : "ioeventfd"} first, +${offset} len ${len}`;
        assertEquals(one.count(fd), ioeventfdWins ? 1n : 0n, what);
        assertEquals(one.kept().length, ioeventfdWins ? 0 : 1, what);
      }
    }
  });
}

/** Coalesced zones. */
export const zoneCases: readonly Case[] = [
  contest("mmio"),
  contest("pio"),

  callCase("KC_02 pio is 0 or 1, else EINVAL, on either call", (rig) => {
    assertEquals([rig.zone(BASE, 8, 0), rig.zone(0x3f8, 8, 1)], [0, 0]);
    assertEquals([rig.zone(0x3f8, 8, 2), rig.unzone(0x3f8, 8, 2)], ["EINVAL", "EINVAL"]);
  }),

  callCase("KC_03 unregistering a zone that is not there is 0", (rig) => {
    assertEquals(rig.unzone(BASE, 8), 0);
  }),

  callCase("KC_04 169 port writes fit, the 170th exits; taken, there is room again", (rig) => {
    rig.zone(0x3f8, 8, 1);
    let exits = 0;
    for (let at = 0; at < 169; at++) if (rig.out(0x3f8, 1, at)) exits++;
    assertEquals([exits, rig.out(0x3f8, 1)], [0, true]);
    assertEquals(rig.kept().map(([, , , data]) => Number(data)), [...Array(169).keys()]);
    assertEquals(rig.out(0x3f8, 1), false);
  }),

  callCase(
    "KC_05 entries carry address, length and data; a write across the zone's end exits",
    (rig) => {
      rig.zone(BASE, 8);
      assertEquals(rig.store(BASE, 4, 0x11223344), false);
      assertEquals(rig.store(BASE + 7, 1, 0x5a), false);
      assertEquals(rig.store(BASE + 7, 2, 0x5a5a), true);
      assertEquals(rig.store(BASE, 8, 0x1122334455667788n), false);
      assertEquals(rig.kept(), [
        [BigInt(BASE), 4, 0, 0x11223344n],
        [BigInt(BASE + 7), 1, 0, 0x5an],
        [BigInt(BASE), 8, 0, 0x1122334455667788n],
      ]);
    },
  ),

  callCase("KC_06 a port's entry is marked; after unregistering the OUT exits", (rig) => {
    rig.zone(0x3f8, 8, 1);
    assertEquals(rig.out(0x3f8, 4, 0x12345678), false);
    assertEquals(rig.kept(), [[0x3f8n, 4, 1, 0x12345678n]]);
    assertEquals(rig.unzone(0x3f8, 8, 1), 0);
    assertEquals(rig.out(0x3f8, 4), true);
  }),

  callCase("KC_08 the ring wraps", (rig) => {
    rig.zone(0x3f8, 8, 1);
    for (let round = 0; round < 4; round++) {
      for (let at = 0; at < 100; at++) assertEquals(rig.out(0x3f8, 1, at), false);
      assertEquals(rig.kept().map(([, , , data]) => Number(data)), [...Array(100).keys()]);
    }
  }),

  callCase(
    "a full ring lets writes through to the ioeventfd: 169 kept, 31 signals, no exit",
    (rig) => {
      const fd = rig.efd();
      rig.zone(BASE, 16);
      rig.io(BASE + 4, 4, 0, 0, fd);
      let exits = 0;
      for (let at = 0; at < 200; at++) if (rig.store(BASE + 4, 4, at)) exits++;
      assertEquals([rig.kept().length, rig.count(fd), exits], [169, 31n, 0]);
    },
  ),

  callCase("zones of size 0, zones that wrap and duplicates are accepted", (rig) => {
    assertEquals(rig.zone(BASE + 0x100, 0), 0);
    assertEquals(rig.zone(TOP - 4n, 8), 0);
    assertEquals([rig.zone(BASE, 8), rig.zone(BASE, 8)], [0, 0]);
    assertEquals(rig.store(BASE, 8), false);
    assertEquals(rig.unzone(BASE, 8), 0, "takes both away");
    assertEquals(rig.store(BASE, 8), true);
  }),

  callCase("a kept write leaves the bytes behind its length as an older one left them", (rig) => {
    rig.zone(BASE, 8);
    for (let at = 0; at < 170; at++) {
      rig.store(BASE, 8, 0x8877665544332211n);
      rig.kept();
    }
    for (const len of [1, 2, 4]) rig.store(BASE, len, 0xa4a3a2a1n);
    const kept = rig.vm.takeCoalesced!().map(({ data }) => data.toHex());
    assertEquals(kept, ["a122334455667788", "a1a2334455667788", "a1a2a3a455667788"]);
  }),

  callCase("unregistering a part of a zone takes the whole of it", (rig) => {
    rig.zone(BASE, 0x100);
    assertEquals(rig.unzone(BASE + 0x10, 4), 0);
    assertEquals(rig.store(BASE + 0x80, 4), true);
  }),
];
