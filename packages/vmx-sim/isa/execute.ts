/**
 * One step of a decoded instruction.
 *
 * @module
 */
import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import type { Instruction } from "./instruction.ts";

/**
 * Executes one decoded instruction, or one iteration of a REP string instruction. What comes back other than `DONE`,
 * `HALTED` and `REPEATING` has committed nothing; see {@link AccessPort} for the order of accesses.
 *
 * The caller has fetched and decoded at the CPU's RIP and mode, clears `interruptShadow` before, and delivers the
 * port's `fault` after `FAULTED`.
 */
export function execute(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return insn.run(insn, cpu, port);
}
