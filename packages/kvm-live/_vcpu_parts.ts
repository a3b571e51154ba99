import type { Descriptors } from "./_descriptors.ts";
import type { VcpuMapping } from "./_vcpu_mapping.ts";
import type { Watchdog } from "./_watchdog.ts";

/** What a vCPU is made of. */
export interface VcpuParts {
  /** Descriptor of the vCPU. */
  readonly fd: number;
  /** Who closes it. */
  readonly descriptors: Descriptors;
  /** Its shared pages. */
  readonly mapping: VcpuMapping;
  /** Time limit of this thread. */
  readonly watchdog: Watchdog;
  /** Page of the mapping that is the coalesced ring, 0 for none. */
  readonly ringPage: number;
  /** Called once, when it is closed. */
  closed(): void;
}
