/**
 * The ABI of KVM's ioeventfd as data: numbers, struct layouts, kernel releases, and the contract of a backend.
 *
 * @module
 */
export * from "./backend.ts";
export * from "./errno.ts";
export * from "./kernel_release.ts";
export * from "./kernel_releases.ts";
export * from "./kvm_error.ts";
