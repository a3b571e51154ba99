// One suite of cases for all backends: the model without a CPU, the model with one, the host's kernel.
import { assert, assertEquals } from "@std/assert";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { available, LiveBackend } from "@ioeventfd/kvm-live";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { caseTopics } from "./cases/case_topics.ts";
import { HostModels, releasesAround } from "./cases/host_models.ts";

const topics = Object.entries(caseTopics);
const core = new CoreBackend(),
  vmx = new VmxBackend({ paging: "shadow" }),
  live = new LiveBackend();
const kvm = available();
const host = kvm.ok ? new HostModels(live) : null;

for (const [topic, cases] of topics) {
  for (const one of cases) {
    if (!one.cpu) Deno.test(`the model, ${topic}: ${one.name}`, () => one.play(core));
    Deno.test(`the model with a CPU, ${topic}: ${one.name}`, () => one.play(vmx));
    const reason = kvm.ok ? host!.whySkipped(one) : kvm.reason.split(";", 1)[0]!;
    Deno.test({
      name: `this kernel, ${topic}: ${one.name}${reason === null ? "" : ` (ignored: ${reason})`}`,
      ignore: reason !== null,
      fn: () => one.play(live),
    });
  }
}

Deno.test("names of cases are unique, and there are many", () => {
  const names = topics.flatMap(([topic, cases]) => cases.map(({ name }) => `${topic}: ${name}`));
  assertEquals(names.length, new Set(names).size);
  assert(names.length >= 120, `${names.length} cases`);
});

/** Cases run in C on a live kernel: KVM_IOEVENTFD, what fires, coalesced zones, irqfd. */
const known = Object.entries({
  KI: "01 03 04 05 06 07 09 10 11 12 13 15 16 17 18 19 21 22 23 24 25 27 28 29 30 31 32 33",
  KG: "01 02 03 04 06 07 08 09 10 12 13 14 15 16 18 19 20 21 22 24 25 26 27 28",
  KC: "02 03 04 05 06 07 08 09",
  KQ: "01 02 03 05 06 07 08 09 11 12 13 14 15 16 17 18 19 20 21 23 24 25 26 27 29 30 31 32 33",
}).flatMap(([family, numbers]) => numbers.split(" ").map((number) => `${family}_${number}`));

/** Those that are no case here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  KG_25: "a measurement by kvm-unit-tests: ioeventfd bench makes it",
  KG_26: "needs two QEMU",
  KG_27: "s390",
  KG_28: "of a VMM, not of the kernel",
  KC_09: "the contract shows no ring to spoil: packages/kvm-core/coalesced_cases_test.ts",
  KQ_20: "a race of threads",
  KQ_25: "a reader that waits already: packages/kvm-core/irqfd_cases_test.ts",
  KQ_29: "the model delivers no interrupt of the PIC to a guest",
  KQ_30: "the same; acknowledged by hand in packages/kvm-core/irqfd_cases_test.ts",
  KQ_31: "the same; acknowledged by hand in packages/kvm-core/irqfd_cases_test.ts",
  KQ_33: "arm64",
};

Deno.test("every known case of KVM has a case here, or a reason why not", () => {
  const names = topics.flatMap(([, cases]) => cases.map(({ name }) => name)).join(" ");
  const here = new Set(names.match(/\bK[IGCQ]_\d\d\b/g));
  assertEquals(known.filter((id) => !here.has(id)), known.filter((id) => id in elsewhere));
  assertEquals([...here].filter((id) => id in elsewhere || !known.includes(id)), []);
});

Deno.test("releasesAround() gives the release itself, or its two neighbours", () => {
  const names = (running: string): string[] => releasesAround(running).map(({ name }) => name);
  assertEquals(names("6.18.44-fc-v657"), ["6.19"]);
  assertEquals(names("7.2.0"), ["6.19"]);
  assertEquals(names("6.8.0-31-generic"), ["5.15", "6.19"]);
  assertEquals(names("5.15.85"), ["5.15"]);
  assertEquals(names("4.18.0-553.el8.x86_64"), ["4.4", "5.15"]);
  assertEquals(names("2.6.32"), ["3.14"]);
});

Deno.test("HostModels skips what another host does otherwise, and says why", () => {
  const ept = new HostModels(new VmxBackend({ paging: "ept" }), "6.19.0");
  assertEquals([ept.paging, ept.isAsObserved], ["ept", false]);
  const reasons = topics.flatMap(([, cases]) => cases.map((one) => ept.whySkipped(one)));
  const skipped = reasons.filter((reason) => reason !== null);
  assertEquals([...new Set(skipped)], [
    "Linux 6.19.0 may answer otherwise, as the model of 6.19 with EPT does",
  ]);
  assert(skipped.length > 0 && skipped.length < reasons.length / 4, `${skipped.length} skipped`);
  const old = new HostModels(new VmxBackend({ paging: "shadow" }), "4.4.302");
  assert(topics.flatMap(([, cases]) => cases).some((one) => old.whySkipped(one) !== null));
});
