import { assertEquals } from "@std/assert";
import { DisposeLater } from "./dispose_later.ts";
import { LiveBackend } from "./live_backend.ts";
import bus from "./testdata/bus.jsonl" with { type: "text" };
import collide from "./testdata/collide.jsonl" with { type: "text" };
import guest from "./testdata/guest.jsonl" with { type: "text" };
import { liveTest } from "./testdata/on_kvm.ts";
import register from "./testdata/register.jsonl" with { type: "text" };
import { runVector } from "./testdata/run_vector.ts";

// A sample of the recorded observations of Linux 6.18.
for (const [kind, lines] of Object.entries({ register, collide, bus, guest })) {
  liveTest(`LiveBackend does what was recorded in ${kind}.jsonl`, () => {
    const backend = new LiveBackend();
    using later = new DisposeLater();
    for (const line of lines.trimEnd().split("\n")) {
      const recorded = JSON.parse(line);
      assertEquals(runVector(later.push(backend.open()), recorded), recorded);
    }
  });
}
