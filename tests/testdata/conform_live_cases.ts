// Plays random cases of every kind on this kernel, and prints what the process had open before, during and after.
// Usage: deno run --allow-ffi=<path of libc> conform_live_cases.ts <cases>
import { hasFastMmio } from "@ioeventfd/conform";
import { type CaseKind, conformCases } from "@ioeventfd/conform/random";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { DisposeLater, LiveBackend } from "@ioeventfd/kvm-live";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { footprintOfOne, settledFootprint } from "./settled_footprint.ts";

const live = new LiveBackend();
const isFast = hasFastMmio(live) === true;

/** Half of them registrations; a model without a CPU throws at every guest, which so differs and is made smaller. */
function play(cases: number, kinds: readonly CaseKind[]): { played: number; failed: number } {
  using later = new DisposeLater();
  const judge = { backend: live, later: (one: Disposable) => void later.push(one) };
  let played = 0, failed = 0;
  for (const kind of kinds) {
    const isBroken = kind === "guest" && kinds.length === 1;
    const backend = isBroken
      ? new CoreBackend()
      : new VmxBackend({ paging: isFast ? "ept" : "shadow" });
    const zeroLengthMmio = kind !== "history" || !isFast;
    const share = Math.ceil(cases / (kind === "registration" ? 2 : 4));
    const model = { backend }, now = (): number => performance.now();
    const shared = { model, judge, kind, zeroLengthMmio, seed: cases, shrinkMs: 50, now };
    for (const step of conformCases({ ...shared, cases: share })) {
      played += step.played;
      failed += step.failed;
    }
  }
  return { played, failed };
}

const all = ["registration", "history", "guest"] as const;
const count = Number(Deno.args[0] ?? "200");
play(64, all);
play(16, ["guest"]);
const before = await settledFootprint();
const during = footprintOfOne();
const { played, failed } = play(count, all);
const { failed: threw } = play(16, ["guest"]);
const after = await settledFootprint(before);
console.log(JSON.stringify({ count: played, failed, threw, before, during, after }));
