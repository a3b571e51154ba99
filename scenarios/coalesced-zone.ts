/**
 * A coalesced zone keeps stores for later, without an exit. Where it covers a doorbell, who was registered first has the
 * kick; at the zone's own first address a doorbell of fixed length always has it. A kick that a zone keeps reaches the
 * device when the VMM happens to look.
 *
 * @module
 */
import { type Doorbell, mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const start = 0xd000_0000n;
const zone = { addr: start, size: 0x1000 };

/** Zone or doorbell. */
export const scenario: Scenario = {
  name: "coalesced-zone",
  about:
    "A doorbell inside a coalesced zone: the first to register has the kick, except at the start",
  kernels: ["6.19", "5.15"],
  paging: "shadow",
  play(stage) {
    const inside = start + 0x50n;
    const cases: [Doorbell, zoneFirst: boolean, kicks: boolean][] = [
      [mmioDoorbell(inside, 4), true, false],
      [mmioDoorbell(inside, 4), false, true],
      [mmioDoorbell(inside), true, false],
      [mmioDoorbell(inside), false, true],
      [mmioDoorbell(start, 4), true, true],
      [mmioDoorbell(start), true, false],
    ];
    for (const [doorbell, zoneFirst, kicks] of cases) {
      const { vm, cpu } = stage.machine();
      const kick = stage.eventfd("kick");
      if (zoneFirst) vm.coalesced(zone);
      vm.assign(doorbell, kick);
      if (!zoneFirst) vm.coalesced(zone);
      cpu.store(doorbell.addr, 4);
      cpu.expectExits([]);
      kick.expectCount(kicks ? 1 : 0);
      stage.row({
        doorbell: `${
          doorbell.addr === start ? "at the start" : "inside"
        }, length ${doorbell.match.len}`,
        registered: zoneFirst ? "after the zone" : "before the zone",
        kick: kicks ? "signalled" : "kept by the zone",
      });
    }
  },
};

if (import.meta.main) await main(scenario);
