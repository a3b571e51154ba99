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
