// A test on the host's KVM: ignored where there is none, the reason in its name.
import { available, LiveBackend, type LiveSystem } from "../mod.ts";

const kvm = available();

export function liveTest(name: string, fn: (system: LiveSystem) => void | Promise<void>): void {
  Deno.test({
    name: kvm.ok ? name : `${name} (ignored: ${kvm.reason.split(";", 1)})`,
    ignore: !kvm.ok,
    fn: async () => {
      using system = new LiveBackend().open();
      await fn(system);
    },
  });
}
