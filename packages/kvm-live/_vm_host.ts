import type { HostMemories } from "./_host_memories.ts";
import type { Watchdog } from "./_watchdog.ts";

/** What the VMs of one system have in common. */
export interface VmHost {
  /** Memory handed out for slots. */
  readonly memories: HostMemories;
  /** Bytes of the mapping of a vCPU. */
  readonly mappingSize: number;
  /** Page of that mapping that is the coalesced ring, 0 for none. */
  readonly ringPage: number;
  /** `struct kvm_cpuid2` with all that the host supports. */
  cpuid(): Uint8Array;
  /** Bits of a guest physical address. */
  physicalBits(): number;
  /** The time limit of this thread. */
  watchdog(): Watchdog;
}
