/**
 * One address, many queues by value: each kick tries the registrations at the address one after the other. With 256 of
 * them the last queue's kick is most of the work; an address for each queue costs the same for all.
 *
 * @module
 */
import { costRow, mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xd000_0050n, notify = 0xfeb0_0000n;

/** By value, by address. */
export const scenario: Scenario = {
  name: "datamatch-fanout",
  about: "Queues told apart by value are tried one by one; by address they are found",
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    for (const queues of [1, 16, 256]) {
      const { vm, cpu } = stage.machine();
      const last = BigInt(queues - 1);
      const byValue = stage.eventfd("by value"), byAddress = stage.eventfd("by address");
      for (let queue = 0n; queue <= last; queue++) {
        vm.assign(mmioDoorbell(addr, 4, queue), byValue);
        vm.assign(mmioDoorbell(notify + 4n * queue, 4), byAddress);
      }
      // The first touch of each page apart.
      for (let ring = 0; ring < 2; ring++) cpu.store(addr, 4, last);
      const tried = cpu.work?.["mmio-kernel"]?.devicesTried ?? null;
      stage.row({ queues, "told apart by": "value", tried, ...costRow(cpu) });
      for (let ring = 0; ring < 2; ring++) cpu.store(notify + 4n * last, 4, last);
      cpu.expectWork({ devicesTried: 1 });
      const found = cpu.work?.["mmio-kernel"]?.devicesTried ?? null;
      stage.row({ queues, "told apart by": "address", tried: found, ...costRow(cpu) });
      byValue.expectCount(2);
      byAddress.expectCount(2);
    }
  },
};

if (import.meta.main) await main(scenario);
