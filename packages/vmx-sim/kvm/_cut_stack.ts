import type { CpuState } from "../isa/contract.ts";
import { RSP } from "../isa/contract.ts";
import type { Instruction } from "../isa/instruction.ts";
import { returnFar, returnInterrupt } from "../isa/_far.ts";
import { leave, popAll, POPPED, STACK_POINTER, storePopped } from "../isa/_stack.ts";

/** Instructions that may wait for a device in the middle of their stack. */
const poppers = new Set<Instruction["run"]>([leave, popAll, returnFar, returnInterrupt]);

/**
 * The stack pointer and the popped registers of an instruction that waits for userspace between two pops. The emulator keeps its copy of the
 * registers meanwhile, executes the instruction again from its start, and so adds again what it had popped.
 */
export class CutStack {
  #isCut = false;
  readonly #pointer = new Int32Array(2);
  readonly #popped = new Int32Array(POPPED.length);
  #insn: Instruction | null = null;

  /** The instruction is executed again, from the stack pointer that it was cut short with; false when it was not. */
  resume(cpu: CpuState): boolean {
    if (!this.#isCut) return false;
    this.#exchange(cpu);
    this.#isCut = false;
    return true;
  }

  /** It came to no end: RSP is what it was. */
  restore(cpu: CpuState): void {
    this.#exchange(cpu);
  }

  /** It waits for userspace. */
  keep(insn: Instruction): void {
    if (!poppers.has(insn.run)) return;
    this.#pointer.set(STACK_POINTER);
    this.#popped.set(POPPED);
    this.#insn = insn;
    this.#isCut = true;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c __get_regs
  /** Userspace reads the registers: the emulator's copy becomes the guest's. */
  show(cpu: CpuState): void {
    if (!this.#isCut) return;
    cpu.gpr.set(this.#pointer, RSP << 1);
    const insn = this.#insn!;
    if (insn.run === popAll) storePopped(insn, cpu, this.#popped, this.#popped[8]!);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c __set_regs
  /** Userspace wrote the registers: the emulator reads them anew. */
  forget(): void {
    this.#isCut = false;
  }

  #exchange({ gpr }: CpuState): void {
    const pointer = this.#pointer;
    const lo = gpr[RSP << 1]!;
    const hi = gpr[(RSP << 1) + 1]!;
    gpr.set(pointer, RSP << 1);
    pointer[0] = lo;
    pointer[1] = hi;
  }
}
