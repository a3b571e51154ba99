/**
 * Up to 4.4 the bus is sorted by heapsort with a comparison that is no order, and which of two overlapping devices is
 * tried first is an accident of the algorithm: here the coalesced zone, whichever was registered first. From 5.15 on the
 * order is that of registration: coalesced-zone.ts.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xd000_1000n;
const zone = { addr: 0xd000_0f00n, size: 0x1000 };

/** The zone wins. */
export const scenario: Scenario = {
  name: "linux-4.4-zone-first",
  about:
    "Linux 4.4: a coalesced zone around a zero-length doorbell takes its kicks in either order",
  kernels: ["4.4"],
  paging: "shadow",
  play(stage) {
    for (const order of ["zone first", "doorbell first"]) {
      const { vm, cpu } = stage.machine();
      const kick = stage.eventfd(`kick, ${order}`);
      if (order === "zone first") vm.coalesced(zone);
      vm.assign(mmioDoorbell(addr), kick);
      if (order === "doorbell first") vm.coalesced(zone);
      cpu.store(addr, 4);
      cpu.expectExits([]); // the zone keeps it for later
      kick.expectCount(0);
    }
  },
};

if (import.meta.main) await main(scenario);
