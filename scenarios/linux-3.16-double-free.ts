/**
 * 3.16 puts one object on two buses, and the end of the VM frees it once for each. A VMM that closes its VM with a
 * zero-length doorbell still registered corrupts the host's memory; one that deassigns first does not. The model counts
 * what a real kernel would not survive.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const doorbell = mmioDoorbell(0xfebf_b000n);

/** Freed twice. */
export const scenario: Scenario = {
  name: "linux-3.16-double-free",
  about: "Linux 3.16 frees a zero-length doorbell twice when its VM ends, unless it was deassigned",
  kernels: ["3.16", "4.4", "5.15", "6.19"],
  play(stage) {
    for (const first of ["close the VM", "deassign"]) {
      const vm = stage.vm();
      const kick = stage.eventfd(`kick, ${first} first`);
      vm.assign(doorbell, kick);
      if (first === "deassign") vm.deassign(doorbell, kick);
      vm[Symbol.dispose]();
      const twice = first !== "deassign" && stage.release.ioeventfd.fastMmioBus === "same-object";
      const quirks = twice ? "fast-double-free" : "none";
      stage.expectEqual(`quirks, ${first} first`, vm.quirks.join() || "none", quirks);
    }
  },
};

if (import.meta.main) await main(scenario);
