import type { AccessPort, StepResult } from "./contract.ts";
import * as contract from "./contract.ts";
import type { CpuState } from "./contract.ts";
import type { Instruction } from "./instruction.ts";
import * as registers from "./registers.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { FAULTED } = contract;
const { VECTOR_GP, VECTOR_UD } = registers;

/** Describes an exception in the port; error code -1 for none. */
export function raise(port: AccessPort, vector: number, errorCode: number): StepResult {
  const fault = port.fault;
  fault.vector = vector;
  fault.errorCode = errorCode;
  fault.cr2Lo = 0;
  fault.cr2Hi = 0;
  fault.software = false;
  return FAULTED;
}

/** #GP(0). */
export function protection(port: AccessPort): StepResult {
  return raise(port, VECTOR_GP, 0);
}

/** The handler of an undefined opcode. */
export function undefinedOpcode(_: Instruction, __: CpuState, port: AccessPort): StepResult {
  return raise(port, VECTOR_UD, -1);
}
