/**
 * ioeventfds do not count against the 1,000 devices that a bus takes. 3.16 forgot to say so to the fast bus: the 1,001st
 * zero-length doorbell is ENOSPC, with room on every bus that anybody knows of.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const notify = 0xfeb0_0000n;
const most = 1000n;

/** 1,000 and one. */
export const scenario: Scenario = {
  name: "linux-3.16-fast-bus-full",
  about:
    "Linux 3.16 has room for 1,000 zero-length doorbells; of fixed length it has for any number",
  kernels: ["3.16", "4.4", "5.15", "6.19"],
  play(stage) {
    const vm = stage.vm();
    const kick = stage.eventfd("every queue");
    for (let queue = 0n; queue < most; queue++) vm.assign(mmioDoorbell(notify + 4n * queue), kick);
    const next = mmioDoorbell(notify + 4n * most);
    if (stage.release.ioeventfd.fastBusCountsIoeventfds) vm.assign(next, kick);
    else {
      vm.expectRefused("ENOSPC", next, kick);
      // The failure leaves nothing behind: the same address takes a fixed length.
      vm.assign(mmioDoorbell(notify + 4n * most, 4), kick);
    }
    vm.expectWrite("kernel", "mmio", notify + 4n * most, 4);
    kick.expectCount(1);
  },
};

if (import.meta.main) await main(scenario);
