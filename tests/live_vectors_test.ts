// This host's kernel against a sample of the vectors, by the same door as the model.
import { assert, assertEquals } from "@std/assert";
import { parseVector, runVector } from "@ioeventfd/conform";
import { available, DisposeLater, LiveBackend } from "@ioeventfd/kvm-live";
import { listFiles, readText } from "../tools/workspace.ts";
import { HostModels } from "./cases/host_models.ts";

const EVERY = 20;
const live = new LiveBackend(), kvm = available();

function whyNot(): string | null {
  if (!kvm.ok) return kvm.reason.split(";", 1)[0]!;
  const { isAsObserved, running } = new HostModels(live);
  return isAsObserved ? null : `Linux ${running} here is not like the host of the vectors`;
}

const reason = whyNot();
const ignored = reason === null ? "" : ` (ignored: ${reason})`;

for (const path of listFiles("vectors", ".jsonl").filter((one) => !one.includes("/derived/"))) {
  Deno.test({
    name: `this kernel does what every ${EVERY}th of ${path} says${ignored}`,
    ignore: reason !== null,
    fn: () => {
      using later = new DisposeLater();
      const options = { later: (one: Disposable) => void later.push(one) };
      const lines = readText(path).trimEnd().split("\n");
      const some = lines.filter((_, i) => i % EVERY === 0);
      assert(some.length >= 5, `${some.length} vectors`);
      for (const line of some) {
        const { id, outcome, differences } = runVector(live, parseVector(line, path), options);
        assertEquals([id, outcome, differences], [id, "passed", []]);
      }
    },
  });
}
