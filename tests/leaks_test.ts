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
// By its path where every command is allowed, by its name where --allow-run=deno is.
const deno = [Deno.execPath(), "deno"].find((command) =>
  Deno.permissions.querySync({ name: "run", command }).state === "granted"
);
const reason = !kvm.ok
  ? kvm.reason.split(";", 1)[0]
  : deno !== undefined
  ? ""
  : "it runs a process of its own: --allow-run=deno";

interface Report {
  readonly count: number;
  /** Differences between the model and this kernel. */
  readonly failed?: number;
  readonly threw: number;
  readonly before: ProcessFootprint;
  /** With one system, VM, vCPU and eventfd open. */
  readonly during: ProcessFootprint;
  readonly after: ProcessFootprint;
}

// In a process of its own, for the counts are of the whole process, and with FFI on one library as its only permission.
async function runCases(script: URL, count: number): Promise<Report> {
  const permission = `--allow-ffi=${new LiveBackend().libc}`;
  const { code, stdout, stderr } = await new Deno.Command(deno!, {
    args: ["run", "--no-prompt", "--no-check", permission, script.href, String(count)],
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

type Counts = Pick<
  ProcessFootprint,
  "descriptors" | "kvmDescriptors" | "eventfds" | "kvmMappings"
>;

function rise(from: ProcessFootprint, to: ProcessFootprint): Counts {
  return {
    descriptors: to.descriptors - from.descriptors,
    kvmDescriptors: to.kvmDescriptors - from.kvmDescriptors,
    eventfds: to.eventfds - from.eventfds,
    kvmMappings: to.kvmMappings - from.kvmMappings,
  };
}

function assertNothingLeft({ count, before, during, after }: Report): void {
  // /dev/kvm twice: once open, once as the mark of the system's range of descriptors.
  const open = { descriptors: 5, kvmDescriptors: 4, eventfds: 1, kvmMappings: 1 };
  assertEquals(rise(before, during), open);
  const none = { descriptors: 0, kvmDescriptors: 0, eventfds: 0, kvmMappings: 0 };
  assertEquals(rise(before, after), none);
  assertLess(after.mappings - before.mappings, count / 8);
  assertLess(
    after.writableBytes - before.writableBytes,
    HEAP_NOISE + count * HEAP_NOISE_PER_CASE,
  );
}

const name = `${casesWanted()} live cases, failing ones among them, leave nothing behind`;
Deno.test({
  name: reason === "" ? name : `${name} (ignored: ${reason})`,
  ignore: reason !== "",
  fn: async () => {
    const script = new URL("testdata/live_cases.ts", import.meta.url);
    const { count, threw, before, during, after } = await runCases(script, casesWanted());
    assertEquals([count, threw > count / 4], [casesWanted(), true]);
    assertNothingLeft({ count, threw, before, during, after });
  },
});

const ofConform =
  `${casesWanted()} cases of conform leave nothing behind, whether they differ or not`;
Deno.test({
  name: reason === "" ? ofConform : `${ofConform} (ignored: ${reason})`,
  ignore: reason !== "",
  fn: async () => {
    const script = new URL("testdata/conform_live_cases.ts", import.meta.url);
    const report = await runCases(script, casesWanted());
    assertEquals([report.count, report.failed], [casesWanted(), 0]);
    assertLess(0, report.threw);
    assertNothingLeft(report);
  },
});
