/**
 * The backends that scenarios run on.
 *
 * @module
 */
import { LiveBackend } from "@ioeventfd/kvm-live";
import type { Paging } from "@ioeventfd/scenario";
import type { KernelRelease, KvmBackend } from "@ioeventfd/uapi";
import { type TraceSink, VmxBackend } from "@ioeventfd/vmx-sim";
import { EnvironmentError } from "../cli_error.ts";

/** Which kernel. */
export type BackendName = "sim" | "kvm";

/** What the model is told. */
export interface ModelOptions {
  /** Kernel release. */
  readonly release: KernelRelease;
  /** Extended page tables or shadow paging. */
  readonly paging: Paging;
  /** Where trace events go. */
  readonly trace?: TraceSink;
}

/** The model, its work counted. */
export function modelBackend({ release, paging, trace }: ModelOptions): KvmBackend {
  return new VmxBackend({ release, paging, counting: true, ...(trace && { trace }) });
}

/**
 * The host's KVM.
 *
 * @throws {EnvironmentError} when it cannot be used
 */
export function liveBackend(): LiveBackend {
  const backend = new LiveBackend();
  const available = backend.available();
  if (available.ok) return backend;
  throw new EnvironmentError(`--backend kvm: ${available.reason}`);
}
