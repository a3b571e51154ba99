import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const bare = "system\tLinux\nkernel\t6.19.0\nuid\t1000\nkvm\tmissing\naccess\tdenied\n" +
  "tracefs\t/sys/kernel/tracing\nvirtualization\tvmx\nparameter kvm_intel.ept\tN\ncpu\tA CPU\n";

Deno.test("ioeventfd doctor says on one screen what a bare host lacks, and ends with 0", async () => {
  const { code, stdout, stderr } = await runFake(["doctor"], { shell: () => bare });
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assert(lines.length <= 26, `${lines.length} lines`);
  assert(lines.every((line) => line.length <= 100), stdout);
  assertMatch(stdout, /^Host +Linux 6\.19\.0, A CPU$/m);
  assertMatch(stdout, /^ {2}extended page tables +no +kvm_intel\.ept=N$/m);
  assertMatch(stdout, /^tracefs +no +only root may read/m);
  assertMatch(stdout, /^record +no +root: /m);
  assertStringIncludes(stdout, "apt-get install bpftrace");
});

Deno.test("ioeventfd doctor --json says of each part whether it works", async () => {
  const { stdout } = await runFake(["doctor", "--json"], { shell: () => bare });
  const { host, kvm, parameters, tracepoints, features } = JSON.parse(stdout);
  assertEquals([host.uid, kvm.device, parameters], [1000, "missing", { "kvm_intel.ept": "N" }]);
  assertEquals(tracepoints["kvm:kvm_fast_mmio"], false);
  const record = features.find(({ name }: { name: string }) => name === "record");
  assertEquals([record.works, record.lacks.length], [false, 3]);
});

Deno.test("ioeventfd doctor does without a shell", async () => {
  const { code, stdout } = await runFake(["doctor"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^Host +no +not looked at/m);
  assertMatch(stdout, /^record +no +not looked at: run with --allow-run$/m);
  assertEquals(stdout.includes("install it"), false, "nobody knows what is installed");
});
