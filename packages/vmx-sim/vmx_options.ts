/**
 * How the model's machine is.
 *
 * @module
 */
import type { KernelRelease } from "@ioeventfd/uapi";
import type { TraceSink } from "./trace/ftrace_writer.ts";

/** Options of a {@linkcode VmxBackend}. */
export interface VmxOptions {
  /** The kernel release; the latest unless told otherwise. */
  readonly release?: KernelRelease;
  /**
   * How guest physical addresses are translated: `ept` by the CPU in a second step, which gives the fast MMIO path, or
   * `shadow` by tables of linear addresses that KVM keeps, which never does. `ept` unless told otherwise.
   */
  readonly paging?: "ept" | "shadow";
  /** Count KVM's work by path. Off unless told otherwise; tracing counts too. */
  readonly counting?: boolean;
  /** Where trace events go; nowhere unless told otherwise, and then they cost nothing. */
  readonly trace?: TraceSink;
  /** KVM's own host is a guest: newer releases then decode to skip after a fast hit. */
  readonly hostIsVirtualised?: boolean;
  /** kvm.mmio_caching; off, every MMIO access is an EPT violation and the fast bus is never asked. On by default. */
  readonly mmioCaching?: boolean;
  /**
   * What the CPU puts into the instruction length field at an EPT misconfig, which the manual leaves undefined (quirk
   * `fast-len-undefined`). The truth unless told otherwise.
   */
  readonly misconfigLength?: number;
}
