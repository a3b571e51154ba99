/**
 * Recordings for other tools: Perfetto, ftrace text, CSV and Parquet.
 *
 * @module
 */
export type { TraceSource, WriteOutcome } from "@ioeventfd/capture";
export type {
  BusRules,
  EventfdRules,
  IoeventfdRules,
  IrqfdRules,
  KernelRelease,
  MemslotRules,
  TraceRules,
  VmRules,
  X86Rules,
} from "@ioeventfd/uapi";
export * from "./export_columns.ts";
export * from "./export_csv.ts";
export * from "./export_event.ts";
export * from "./export_ftrace.ts";
export * from "./export_options.ts";
export * from "./export_parquet.ts";
export * from "./export_perfetto.ts";
export * from "./read_events.ts";
