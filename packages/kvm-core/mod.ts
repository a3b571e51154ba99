/**
 * What `virt/kvm` does: system, VM, memory slots, I/O buses, the ioeventfd registry and coalesced zones, by kernel
 * release.
 *
 * @module
 */
export * from "./allocation_faults.ts";
export * from "./coalesced_ring.ts";
export * from "./collides.ts";
export * from "./compare_ranges.ts";
export * from "./core_backend.ts";
export * from "./io_bus.ts";
export * from "./io_device.ts";
export * from "./ioapic.ts";
export * from "./ioeventfd.ts";
export * from "./irqchip.ts";
export * from "./kernel_report.ts";
export * from "./kvm.ts";
export * from "./matches.ts";
export * from "./memslots.ts";
export * from "./pic.ts";
export * from "./reference_bus.ts";
export * from "./vcpu_file.ts";
export * from "./vm.ts";
