export * from "./contract.ts";
export * from "./registers.ts";
export { copyCpuState, cpl, cpuMode, createCpuState } from "./cpu_state.ts";
export { type Handler, Instruction, unimplemented } from "./instruction.ts";
export { decode, MAX_INSTRUCTION_BYTES } from "./decode.ts";
export { execute } from "./execute.ts";
export { BasePort } from "./base_port.ts";
export { deliverEvent, deliverFault, type EventKind, SHUTDOWN } from "./deliver.ts";
