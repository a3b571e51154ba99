/**
 * What arch/x86/kvm does with a guest's doorbell, in software: VMCS, guest memory, page walks, EPT, exits, emulation
 * and the fast MMIO path.
 *
 * @module
 */
// What the interfaces here are made of.
export type * from "@ioeventfd/kvm-core";
export * from "./hw/vmcs.ts";
export * from "./isa/mod.ts";
export * from "./mmu/mmio_spte.ts";
export * from "./mmu/page_tables.ts";
export * from "./trace/ftrace_writer.ts";
export * from "./trace/tracepoint_text.ts";
export * from "./vmx_backend.ts";
export * from "./vmx_options.ts";
export * from "./vmx_system.ts";
export * from "./vmx_vcpu.ts";
export * from "./vmx_vm.ts";
export * from "./work/cost_table.ts";
export * from "./work/work_counters.ts";
