import { Kvm } from "@ioeventfd/kvm-core";
import type { KvmSystem } from "@ioeventfd/uapi";
import { TracedSystem } from "./_traced_system.ts";

/** The model behind a system, or undefined for a live kernel. */
export function modelSystem(system: KvmSystem): Kvm | undefined {
  const inner = system instanceof TracedSystem ? system.inner : system;
  return inner instanceof Kvm ? inner : undefined;
}
