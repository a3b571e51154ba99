/**
 * Before zero length, "any length" was four registrations at one address. Up to 4.4 the bus sorts them by heapsort with a
 * comparison that never says "less" for equal addresses, so their order is an accident, and the search can miss one that
 * is there: of the 24 orders in which they can be made, 4 leave all of them alive. Since 5.15 any order does.
 *
 * What old releases do here is derived by running their sort and search, not observed.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;
const lengths = [1, 2, 4, 8] as const;
type Length = typeof lengths[number];

function orders(rest: readonly Length[] = lengths): Length[][] {
  if (rest.length === 0) return [[]];
  return rest.flatMap((len) =>
    orders(rest.filter((other) => other !== len)).map((tail) => [len, ...tail])
  );
}

/** 24 orders. */
export const scenario: Scenario = {
  name: "four-lengths-order",
  about: "Lengths 1, 2, 4 and 8 at one address: on old releases most orders leave one dead",
  kernels: ["3.14", "seed", "3.16", "4.4", "5.15", "6.19"],
  play(stage) {
    let alive = 0;
    for (const order of orders()) {
      using vm = stage.kvm.createVm();
      const kick = stage.eventfd(`order ${order.join()}`);
      for (const len of order) {
        vm.assignIoeventfd({ ...mmioDoorbell(addr, len), fd: kick.fd });
      }
      const dead = lengths.filter((len) => vm.guestWrite("mmio", addr, len, 0n) === "userspace");
      if (dead.length === 0) alive++;
      else stage.row({ "registered in order": order.join(", "), dead: dead.join(", ") });
      kick.expectCount(lengths.length - dead.length);
      kick.close();
    }
    const heapsort = stage.release.bus.insertion === "heapsort";
    stage.expectEqual("orders that leave all alive", alive, heapsort ? 4 : 24);
    stage.note(`${alive} of 24 orders leave all four alive.`);
  },
};

if (import.meta.main) await main(scenario);
