// The tables against the kernel's headers where a C compiler has them, and against recorded numbers everywhere.
// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_ioeventfd, struct kvm_irqfd, struct kvm_run, struct kvm_enable_cap, struct kvm_pit_config
// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_coalesced_mmio, struct kvm_coalesced_mmio_zone, struct kvm_userspace_memory_region
// KERNEL 6.19 arch/x86/include/uapi/asm/kvm.h struct kvm_regs, struct kvm_sregs, struct kvm_segment, struct kvm_dtable
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
