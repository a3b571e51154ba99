/**
 * Conformance vectors: what Linux did, and whether a model or another KVM does the same.
 *
 * @module
 */
export * from "./format_vector.ts";
export * from "./guest_machine.ts";
export * from "./has_fast_mmio.ts";
export * from "./history.ts";
export * from "./json_cursor.ts";
export * from "./line_stream.ts";
export * from "./observe_vector.ts";
export * from "./outcome.ts";
export * from "./parse_vector.ts";
export * from "./parse_vectors.ts";
export * from "./play_guest.ts";
export * from "./play_history.ts";
export * from "./play_options.ts";
export * from "./play_registrations.ts";
export * from "./registration_case.ts";
export { guestDifferences } from "./run_guest.ts";
export * from "./run_vector.ts";
export * from "./scenario_text.ts";
export * from "./tally.ts";
export * from "./vector.ts";
export * from "./vector_result.ts";
export type {
  CoalescedMmio,
  CoalescedZone,
  CountedWork,
  DescriptorTable,
  HostMemory,
  IoeventfdBus,
  IoeventfdMatch,
  IoeventfdSpec,
  KvmBackend,
  KvmSystem,
  KvmVcpu,
  KvmVm,
  MemoryRegion,
  OtherFile,
  Registration,
  Regs,
  RunOptions,
  Segment,
  Sregs,
  VcpuExit,
} from "@ioeventfd/uapi";
