/**
 * What `virt/kvm` does: system, VM, memory slots, I/O buses, the ioeventfd registry and coalesced zones, by kernel
 * release.
 *
 * @module
 */
export * from "./allocation_faults.ts";
export * from "./collides.ts";
export * from "./compare_ranges.ts";
export * from "./io_bus.ts";
export * from "./io_device.ts";
export * from "./ioeventfd.ts";
export * from "./matches.ts";
export * from "./reference_bus.ts";
