// The tables against the kernel's headers where a C compiler has them, and against recorded numbers everywhere.
import { assert, assertEquals } from "@std/assert";
import golden from "./testdata/golden.json" with { type: "json" };
import { factsOf, probeSource, runProbe } from "./testdata/header_probe.ts";
import { constants, layouts } from "./testdata/tables.ts";

const facts = factsOf(constants, layouts);
const header = await runProbe(probeSource(Object.keys(constants), layouts));

// Recorded from a probe of Linux 6.1's headers; what is younger than them or in no header of uapi, from the sources named
// beside each constant.
Deno.test("uapi tables equal the recorded numbers, none more and none less", () => {
  assertEquals(Object.fromEntries(facts), golden);
});

Deno.test({
  name: typeof header === "string"
    ? `uapi tables equal the kernel's headers (skipped: ${header})`
    : `uapi tables equal the kernel's headers in the ${header.size} facts these have`,
  ignore: typeof header === "string",
  fn() {
    assert(typeof header !== "string");
    const known = [...facts].filter(([key]) => header.has(key));
    assertEquals(Object.fromEntries(known), Object.fromEntries(header));
    // A probe that finds little has not looked: what Linux 3.16 had is in every header.
    for (const key of ["KVM_IOEVENTFD", "KVM_CAP_IOEVENTFD_NO_LENGTH", "kvm_ioeventfd.flags"]) {
      assert(header.has(key), `The headers lack ${key}`);
    }
  },
});
