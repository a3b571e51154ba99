/**
 * The x86 instruction set: decode, execute, assemble, and the contract between an instruction and its CPU.
 *
 * @module
 */
export * from "./contract.ts";
export * from "./registers.ts";
export { copyCpuState, cpl, cpuMode, createCpuState } from "./cpu_state.ts";
export { type Handler, Instruction, unimplemented } from "./instruction.ts";
export { decode, MAX_INSTRUCTION_BYTES } from "./decode.ts";
export { execute } from "./execute.ts";
export { BasePort } from "./base_port.ts";
export { deliverEvent, deliverFault, type EventKind, SHUTDOWN } from "./deliver.ts";
export { assemble, type AssembleOptions } from "./assemble.ts";
export { Assembler } from "./assembler.ts";
export { BranchAssembler } from "./_asm_branch.ts";
export { VectorAssembler } from "./_asm_vector.ts";
export { type Condition, IntegerAssembler } from "./_asm_integer.ts";
export type { CodeBits } from "./_asm_address.ts";
export { Encoder, type Encoding } from "./_encoder.ts";
export { AsmRegisters } from "./asm_registers.ts";
export {
  type Immediate,
  Label,
  type Memory,
  type MemoryOptions,
  type Operand,
  type Register,
  type RegisterKind,
} from "./asm_operand.ts";
export { disassemble, type DisassembledInstruction } from "./disassemble.ts";
