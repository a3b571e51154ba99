/**
 * Scenarios: a VM, a guest program and expectations, described once and played on any backend.
 *
 * @module
 */
export * from "./event_log.ts";
export * from "./expectation_error.ts";
export * from "./guest_mode.ts";
export * from "./run_scenario.ts";
export * from "./scenario.ts";
export * from "./show_exit.ts";
export * from "./stage.ts";
export * from "./stage_cpu.ts";
export * from "./stage_eventfd.ts";
export * from "./stage_vm.ts";
