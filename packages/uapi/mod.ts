/**
 * The ABI of KVM's ioeventfd as data: numbers, struct layouts, kernel releases, and the contract of a backend.
 *
 * @example A registration as the kernel takes it
 * ```ts
 * import { encodeIoeventfd, KVM_IOEVENTFD, specToIoeventfd } from "@ioeventfd/uapi";
 *
 * const doorbell = specToIoeventfd({ bus: "mmio", addr: 0xfebfb000n, match: { len: 0 }, fd: 3 });
 * const bytes = encodeIoeventfd(doorbell);
 * if (KVM_IOEVENTFD !== 0x4040ae79 || bytes.length !== 64) throw new Error("not the ABI");
 * ```
 *
 * @module
 */
export * from "./backend.ts";
export * from "./bus_index.ts";
export * from "./capability.ts";
export * from "./coalesced_mmio.ts";
export * from "./coalesced_mmio_ring.ts";
export * from "./coalesced_mmio_zone.ts";
export * from "./enable_cap.ts";
export * from "./errno.ts";
export * from "./exit_reason.ts";
export * from "./flags.ts";
export * from "./flat_segment.ts";
export * from "./hex.ts";
export * from "./internal_error.ts";
export * from "./ioc.ts";
export * from "./ioctl.ts";
export * from "./ioeventfd.ts";
export * from "./irqfd.ts";
export * from "./join_words.ts";
export * from "./kernel_release.ts";
export * from "./kernel_releases.ts";
export * from "./kvm_error.ts";
export * from "./kvm_run.ts";
export * from "./long_mode_sregs.ts";
export * from "./pit_config.ts";
export * from "./refusal_of.ts";
export * from "./registration.ts";
export * from "./regs.ts";
export * from "./scalar_type.ts";
export * from "./segment.ts";
export * from "./show_value.ts";
export * from "./split_words.ts";
export * from "./sregs.ts";
export * from "./struct_layout.ts";
export * from "./userspace_memory_region.ts";
export * from "./vcpu_exit.ts";
export * from "./vmcs_field.ts";
export * from "./vmx_exit_reason.ts";
