/**
 * What arch/x86/kvm does with a guest's doorbell, in software: VMCS, guest memory, page walks, EPT, exits, emulation
 * and the fast MMIO path.
 *
 * @module
 */
export * from "./mmu/mmio_spte.ts";
export * from "./mmu/page_tables.ts";
export * from "./trace/ftrace_writer.ts";
export * from "./trace/tracepoint_text.ts";
