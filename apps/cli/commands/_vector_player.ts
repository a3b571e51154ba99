/**
 * Who plays a vector: this host's KVM, or the model of the release that the vector says it is of.
 *
 * @module
 */
import type { Vector } from "@ioeventfd/conform";
import { type KernelRelease, kernelReleases, type KvmBackend } from "@ioeventfd/uapi";
import { CpuWritesBackend } from "@ioeventfd/conform/random";
import { VmxBackend } from "@ioeventfd/vmx-sim";

/** Plays vectors. */
export interface VectorPlayer {
  /** `sim` or `kvm`. */
  readonly name: KvmBackend["name"];
  /** The backend for one. */
  of(vector: Vector): KvmBackend;
}

/** One backend for all of them. */
export function alwaysBy(backend: KvmBackend): VectorPlayer {
  return { name: backend.name, of: () => backend };
}

/** A model; with EPT its CPU does the guest writes, since only so they meet the fast MMIO bus. */
export function modelOf(release: KernelRelease, paging: "ept" | "shadow"): KvmBackend {
  const options = { release, paging };
  return paging === "ept" ? new CpuWritesBackend(options) : new VmxBackend(options);
}

/** Models by release; a vector of none, or of one that the model does not know, is for the `usual`. */
export function modelsByRelease(usual: KernelRelease, paging: "ept" | "shadow"): VectorPlayer {
  const models = new Map<string, KvmBackend>();
  return {
    name: "sim",
    of(vector): KvmBackend {
      const release = kernelReleases.find(({ name }) => name === vector.release) ?? usual;
      let model = models.get(release.name);
      if (model === undefined) {
        model = modelOf(release, paging);
        models.set(release.name, model);
      }
      return model;
    },
  };
}
