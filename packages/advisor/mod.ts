/**
 * Advice on sets of registrations: why one is refused, which are silently dead, and in which order all fire.
 *
 * @module
 */
export * from "./explain.ts";
export * from "./lint.ts";
export * from "./lint_recorded.ts";
export * from "./lint_report.ts";
export * from "./parse_registration_set.ts";
export * from "./plan.ts";
export * from "./plan_c.ts";
export * from "./plan_report.ts";
export * from "./plan_rust.ts";
export * from "./recorded_set.ts";
export * from "./registration_set.ts";
export type { TraceSource } from "@ioeventfd/capture";
export { errno } from "@ioeventfd/uapi";
export type {
  BusRules,
  ErrnoName,
  EventfdRules,
  IoeventfdRules,
  IrqfdRules,
  KernelRelease,
  KvmErrorReason,
  MemslotRules,
  Registration,
  RegistrationView,
  TraceRules,
  VmRules,
  X86Rules,
} from "@ioeventfd/uapi";
