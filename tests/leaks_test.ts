import { assertEquals, assertLess } from "@std/assert";
import { available, LiveBackend, type ProcessFootprint } from "@ioeventfd/kvm-live";

// LIVE_CASES=10000 deno test … tests/leaks_test.ts is the long run.
const CASES = "LIVE_CASES";
const DEFAULT_CASES = 320;
// What the runtime's own heap moves by. A case that leaked its memory would leave 256 KiB or more.
const HEAP_NOISE = 48 * 2 ** 20;
const HEAP_NOISE_PER_CASE = 16 * 2 ** 10;

function casesWanted(): number {
  const mayAsk = Deno.permissions.querySync({ name: "env", variable: CASES }).state === "granted";
  return Number(mayAsk && Deno.env.get(CASES) || DEFAULT_CASES);
}

const kvm = available();
const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
const reason = !kvm.ok
  ? kvm.reason.split(";", 1)[0]
  : mayRun
  ? ""
  : "it runs a process of its own: --allow-run";

interface Report {
  readonly count: number;
  readonly threw: number;
  readonly before: ProcessFootprint;
  readonly after: ProcessFootprint;
}

// In a process of its own, for the counts are of the whole process, and with FFI on one library as its only permission.
async function runCases(count: number): Promise<Report> {
  const script = new URL("../packages/kvm-live/testdata/live_cases.ts", import.meta.url);
  const permission = `--allow-ffi=${new LiveBackend().libc}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", permission, script.href, String(count)],
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

const name = `${casesWanted()} live cases, failing ones among them, leave nothing behind`;
Deno.test({
  name: reason === "" ? name : `${name} (ignored: ${reason})`,
  ignore: reason !== "",
  fn: async () => {
    const { count, threw, before, after } = await runCases(casesWanted());
    assertEquals([count, threw > count / 4], [casesWanted(), true]);
    const { descriptors, kvmDescriptors, eventfds, kvmMappings } = before;
    const left = {
      descriptors: after.descriptors - descriptors,
      kvmDescriptors: after.kvmDescriptors - kvmDescriptors,
      eventfds: after.eventfds - eventfds,
      kvmMappings: after.kvmMappings - kvmMappings,
    };
    assertEquals(left, { descriptors: 0, kvmDescriptors: 0, eventfds: 0, kvmMappings: 0 });
    assertLess(after.mappings - before.mappings, count / 8);
    assertLess(
      after.writableBytes - before.writableBytes,
      HEAP_NOISE + count * HEAP_NOISE_PER_CASE,
    );
  },
});
