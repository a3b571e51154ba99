/**
 * What recordings and measurements say, for people: a recording studied in one pass, and all of it as one page.
 *
 * @module
 */
export * from "./bench_document.ts";
export * from "./comparison_document.ts";
export * from "./kick_story.ts";
export * from "./kicks_document.ts";
export * from "./path_costs.ts";
export * from "./read_document.ts";
export * from "./render_report.ts";
export * from "./study_recording.ts";
export * from "./timeline.ts";
export * from "./write_counts.ts";
export type { ErrnoName, Finding, Registration, Verdict } from "@ioeventfd/advisor";
export type {
  Contradiction,
  DoorbellReport,
  EventBatch,
  ExitCounts,
  GapReport,
  NearMissReport,
  Outcomes,
  ReasonReport,
  ReplayReport,
  TraceSource,
  TraceThread,
  WhatIfReport,
} from "@ioeventfd/capture";
export { type Work, type WorkName, workNames } from "@ioeventfd/scenario";
export { errno } from "@ioeventfd/uapi";
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
