import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { loadLibc } from "./_libc.ts";
import { LiveBackend } from "./live_backend.ts";
import { liveTest } from "./testdata/on_kvm.ts";

function blockedSignals(): string {
  const status = loadLibc().readText("/proc/thread-self/status");
  return /^SigBlk:\s*([0-9a-f]+)$/m.exec(status)![1]!;
}

function timersOfThread(): number {
  const { call } = loadLibc();
  const SYS_gettid = 186n;
  const notify = `notify: signal/tid.${call.syscall0(SYS_gettid)}`;
  return loadLibc().readText("/proc/self/timers").split("\n").filter((line) => line === notify)
    .length;
}

liveTest("LiveVcpu leaves the thread's signals as they were once the last system is closed", () => {
  const [signals, count] = [blockedSignals(), timersOfThread()];
  {
    using first = new LiveBackend().open();
    first.createVm().createVcpu(0);
    {
      using second = new LiveBackend().open();
      second.createVm().createVcpu(0);
    }
    assertNotEquals(blockedSignals(), signals);
    assertEquals(timersOfThread(), count + 1);
    const forever = { code: Uint8Array.of(0xeb, 0xfe), timeoutMs: 1 };
    assertThrows(() => first.createVm().guestRun(forever), Error, "intr");
  }
  assertEquals([blockedSignals(), timersOfThread()], [signals, count]);
});
