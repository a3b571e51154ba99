import { assertEquals, assertStringIncludes } from "@std/assert";
import { neededByProgram } from "@ioeventfd/capture";
import { hostFacts, lackingToRecord, parseHostFacts } from "./_host_facts.ts";
import { denoHost } from "./deno_host.ts";

const whole = [
  "system\tLinux",
  "kernel\t6.19.0",
  "uid\t0",
  "cpu\tA CPU",
  "virtualization\tvmx",
  "kvm\tok",
  "parameter kvm_intel.ept\tY",
  "btf\tyes",
  "tracefs\t/sys/kernel/tracing",
  "access\tok",
  ...neededByProgram.map((name) => `tracepoint ${name}\tcommon_pid fd `),
  "program bpftrace\tbpftrace v0.17.0",
  "bpftrace\t/usr/bin/bpftrace",
];
const without = (...starts: string[]): string[] =>
  whole.filter((line) => !starts.some((start) => line.startsWith(start)));
const lacking = (lines: readonly string[]): string[] =>
  lackingToRecord(parseHostFacts(lines.join("\n")));

Deno.test("parseHostFacts() reads what the script says", () => {
  const facts = parseHostFacts(whole.join("\n"));
  assertEquals([facts.system, facts.uid, facts.kvm, facts.btf], ["Linux", 0, "ok", true]);
  assertEquals(facts.parameters.get("kvm_intel.ept"), "Y");
  assertEquals(facts.tracepoints.get("kvm:kvm_pio"), ["common_pid", "fd"]);
  assertEquals(facts.programs.get("bpftrace"), "bpftrace v0.17.0");
  assertEquals(facts.programs.has("cc"), false);
});

Deno.test("lackingToRecord() says each thing that is missing, and how to get it", () => {
  assertEquals(lacking(whole), []);
  assertStringIncludes(lacking([...without("uid"), "uid\t1000"]).join(), "sudo");
  assertStringIncludes(lacking(without("bpftrace")).join(), "apt-get install bpftrace");
  assertStringIncludes(
    lacking([...without("access"), "access\tmissing"]).join(),
    "mount -t tracefs",
  );
  assertStringIncludes(lacking([...without("access"), "access\tdenied"]).join(), "only root");
  assertStringIncludes(lacking(without("tracepoint kvm:")).join(), "modprobe");
  assertStringIncludes(lacking(without("tracepoint syscalls:")).join(), "CONFIG_FTRACE_SYSCALLS");
  assertEquals(lacking([...without("uid", "bpftrace"), "uid\t7"]).length, 2);
  assertEquals(lacking([]).length, 1);
});

Deno.test({
  name: "hostFacts() of this host has its kernel, and no line of the script is lost",
  ignore: Deno.permissions.querySync({ name: "run" }).state !== "granted" ||
    Deno.build.os !== "linux",
  fn: async () => {
    const facts = await hostFacts(denoHost());
    assertEquals(facts.system, "Linux");
    assertEquals(/^\d+\.\d+/.test(facts.kernel), true);
    assertEquals(facts.uid >= 0, true);
    // What tells the fields of a tracepoint from their types.
    const write = facts.tracepoints.get("syscalls:sys_enter_write");
    if (write !== undefined) assertEquals(write.slice(-3), ["fd", "buf", "count"]);
  },
});
