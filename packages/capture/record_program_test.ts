import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import {
  neededByProgram,
  readyLines,
  recordGroups,
  recordProgram,
  usedTracepoints,
} from "./record_program.ts";
import { replay } from "./replay.ts";

const all = new Map(usedTracepoints.map((name) => [name, [] as string[]]));
const few = new Map(neededByProgram.map((name) => [name, [] as string[]]));

/** Tracepoints that a program attaches to, in its order. */
function attached(program: string): string[] {
  return [...program.matchAll(/^tracepoint:(\S+)/gm)].map(([, name]) => name!);
}

Deno.test("recordProgram() attaches to each tracepoint the host has, and to no other", () => {
  const program = recordProgram({ pids: [42], recorder: 41, tracepoints: all });
  const ends = attached(program);
  assertEquals(ends[0], "syscalls:sys_enter_ioctl");
  assertEquals(ends.at(-1), "syscalls:sys_enter_ioctl");
  const missing = usedTracepoints.filter((name) => !ends.includes(name));
  assertEquals(missing, []);
  const small = attached(recordProgram({ pids: [42], recorder: 41, tracepoints: few }));
  assertEquals(new Set(small), new Set(neededByProgram));
});

Deno.test("recordProgram() leaves out the groups it is told to", () => {
  const whole = { pids: [42], recorder: 41, tracepoints: all, eventfds: [{ pid: 42, fd: 9 }] };
  assertStringIncludes(recordProgram(whole), "@efd[(uint64)42, (uint64)9] = 1;");
  const program = recordProgram({ ...whole, without: recordGroups });
  assertEquals(attached(program).filter((name) => /exit$|fault|eventfd|close|read/.test(name)), [
    "sched:sched_process_exit",
    "kvm:kvm_userspace_exit",
  ]);
  assert(!program.includes("@efd"), "no map of eventfds");
});

Deno.test("recordProgram() prints the fields a tracepoint has", () => {
  const tracepoints = new Map(all).set("kvm:kvm_exit", ["exit_reason", "guest_rip"]);
  const program = recordProgram({ pids: [42], recorder: 41, tracepoints });
  assertMatch(
    program,
    /kvm_exit: reason %u rip 0x%llx\\n", .*args->exit_reason, args->guest_rip\)/,
  );
});

Deno.test("recordProgram() ends with the recorder, and with a process it is told of", () => {
  const options = { pids: [42], recorder: 41, tracepoints: all };
  assertStringIncludes(recordProgram(options), "sched_process_exit /tid == 41/ { exit(); }");
  const until = recordProgram({ ...options, until: 42 });
  assertStringIncludes(until, "sched_process_exit /tid == 41 || tid == 42/ { exit(); }");
});

Deno.test("recordProgram() refuses a host without what it needs", () => {
  for (const name of neededByProgram) {
    const tracepoints = new Map(few);
    tracepoints.delete(name);
    assertThrows(
      () => recordProgram({ pids: [1], recorder: 2, tracepoints }),
      RangeError,
      name,
    );
  }
});

Deno.test("replay() reads each line that the program prints", async () => {
  const program = recordProgram({ pids: [42], recorder: 41, tracepoints: all });
  const formats = [...program.matchAll(/printf\("([^"]*)\\n"/g)].map(([, format]) => format!)
    .filter((format) => !readyLines.includes(format));
  assert(formats.length >= 18, `${formats.length} formats`);
  const lines = formats.map((format) =>
    format.replace("%llu", "1000").replace("%s", "CPU 0/KVM").replace(/%(d|u|ll?u|ll?x|x)/g, "1")
  );
  const report = await replay(new TextEncoder().encode(lines.join("\n")));
  const others = [...report.otherEvents.keys()];
  assertEquals([report.malformed.count, report.malformed.lines, others], [0, [], [
    "kvm_page_fault",
  ]]);
  assertEquals(report.events, lines.length - 1);
});
