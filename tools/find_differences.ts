/**
 * Writes `docs/differences.md`: `deno task differences`.
 *
 * @module
 */
import { DisposeLater, LiveBackend } from "@ioeventfd/kvm-live";
import { HostModels } from "../tests/cases/host_models.ts";
import { compareCases, compareRandom, compareSets, compareVectors } from "./differences/compare.ts";
import type { Comparison, Report } from "./differences/comparison.ts";
import { differencesPage } from "./differences/differences_page.ts";
import { root } from "./workspace.ts";

const live = new LiveBackend(), kvm = live.available();
if (!kvm.ok) {
  console.error(`Nothing was compared: ${kvm.reason}`);
  Deno.exit(4);
}
using later = new DisposeLater();
const host = new HostModels(live), model = host.models.at(-1)!;
const pair = { live, model, host, later: (one: Disposable) => void later.push(one) };

const comparisons: Comparison[] = [];
for (const compare of [compareCases, compareVectors, compareRandom, compareSets]) {
  for (const one of compare(pair)) {
    comparisons.push(one);
    console.log(`${one.what}: ${one.compared} compared, ${one.found.length} differ`);
  }
}
const [kernel = host.running] = /^[\d.]+/.exec(host.running) ?? [];
const report: Report = { kernel, model: model.release.name, paging: host.paging, comparisons };
Deno.writeTextFileSync(new URL("docs/differences.md", root), differencesPage(report));
console.log("docs/differences.md; now: deno fmt docs/differences.md");
