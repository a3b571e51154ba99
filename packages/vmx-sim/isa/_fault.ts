import type { AccessPort, StepResult } from "./contract.ts";
import { FAULTED } from "./contract.ts";
import type { CpuState } from "./contract.ts";
import type { Instruction } from "./instruction.ts";
import { VECTOR_GP, VECTOR_UD } from "./registers.ts";

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
