/**
 * Scenarios: a VM, a guest program and expectations, described once and played on any backend.
 *
 * @module
 */
export * from "./access_program.ts";
export * from "./compare_doorbells.ts";
export * from "./cost_row.ts";
export * from "./counted_work.ts";
export * from "./cpu_run.ts";
export * from "./doorbell.ts";
export * from "./doorbell_shapes.ts";
export * from "./event_log.ts";
export * from "./expectation_error.ts";
export * from "./guest_mode.ts";
export * from "./kernel_trace.ts";
export * from "./program.ts";
export * from "./report_table.ts";
export * from "./run_scenario.ts";
export * from "./scenario.ts";
export * from "./seeded_random.ts";
export * from "./show_exit.ts";
export * from "./slot_memory.ts";
export * from "./stage.ts";
export * from "./stage_cpu.ts";
export * from "./stage_eventfd.ts";
export * from "./stage_parts.ts";
export * from "./stage_vm.ts";
export * from "./virtio_doorbells.ts";
export * from "./vm_snapshot.ts";
export type * from "@ioeventfd/uapi";
export type {
  AsmRegisters,
  Assembler,
  BranchAssembler,
  CodeBits,
  Condition,
  Encoder,
  Encoding,
  Immediate,
  IntegerAssembler,
  Label,
  Memory,
  MemoryOptions,
  Operand,
  Register,
  RegisterKind,
  TraceSink,
  VectorAssembler,
  Work,
  WorkName,
} from "@ioeventfd/vmx-sim";
export { workNames } from "@ioeventfd/vmx-sim";
