import { assertEquals } from "@std/assert";
import { DisposeLater } from "./dispose_later.ts";
import { LiveBackend } from "./live_backend.ts";
import { liveTest } from "./testdata/on_kvm.ts";
import { runVector } from "./testdata/run_vector.ts";

// A sample of the recorded observations of Linux 6.18.
for (const kind of ["register", "collide", "bus", "guest"]) {
  liveTest(`LiveBackend does what was recorded in ${kind}.jsonl`, () => {
    const backend = new LiveBackend();
    using later = new DisposeLater();
    const lines = Deno.readTextFileSync(new URL(`./testdata/${kind}.jsonl`, import.meta.url));
    for (const line of lines.trimEnd().split("\n")) {
      const recorded = JSON.parse(line);
      assertEquals(runVector(later.push(backend.open()), recorded), recorded);
    }
  });
}
