import type { AccessPort, CpuState, SegmentState, StepResult, TableState } from "./contract.ts";
import { DONE } from "./contract.ts";
import { raise } from "./_fault.ts";
import { EFER_LMA, VECTOR_GP } from "./registers.ts";

/** The descriptor or gate last read: two words, four for 16-byte ones. */
export const DESCRIPTOR: Int32Array = new Int32Array(4);

/** Linear address of that descriptor, low and high word. */
const PLACE = new Int32Array(2);

/** Access byte and flags of `DESCRIPTOR`, in the layout of `SegmentState.rights`. */
export function descriptorRights(): number {
  return (DESCRIPTOR[1]! >>> 8) & 0xf0ff;
}

/** Privilege level of `DESCRIPTOR`. */
export function descriptorLevel(): number {
  return (DESCRIPTOR[1]! >>> 13) & 3;
}

/** Whether `DESCRIPTOR` is present. */
export function isPresent(): boolean {
  return (DESCRIPTOR[1]! & 0x8000) !== 0;
}

/** Whether long mode is active, in which system descriptors are 16 bytes. */
export function isLongMode(cpu: CpuState): boolean {
  return (cpu.efer & EFER_LMA) !== 0;
}

/** Reads `size` bytes of a table into `DESCRIPTOR`; the caller has checked the limit. */
export function readTable(
  port: AccessPort,
  table: TableState | SegmentState,
  offset: number,
  size: number,
): StepResult {
  const sum = (table.baseLo >>> 0) + offset;
  PLACE[0] = sum | 0;
  PLACE[1] = (table.baseHi + (sum > 0xffffffff ? 1 : 0)) | 0;
  const result = port.readSystem(PLACE[0], PLACE[1], size);
  if (result !== DONE) return result;
  DESCRIPTOR[0] = port.words[0]!;
  DESCRIPTOR[1] = port.words[1]!;
  DESCRIPTOR[2] = size > 8 ? port.words[2]! : 0;
  DESCRIPTOR[3] = size > 8 ? port.words[3]! : 0;
  return DONE;
}

/** Reads the descriptor of a selector into `DESCRIPTOR`; beyond the table it raises `vector` with the selector. */
export function readDescriptor(
  cpu: CpuState,
  port: AccessPort,
  selector: number,
  vector: number = VECTOR_GP,
  size: number = 8,
): StepResult {
  const table = (selector & 4) !== 0 ? cpu.ldt : cpu.gdt;
  const offset = selector & 0xfff8;
  const usable = (selector & 4) === 0 || (cpu.ldt.rights & 0x10080) === 0x80;
  if (!usable || offset + size - 1 > table.limit >>> 0) {
    return raise(port, vector, selector & 0xfffc);
  }
  return readTable(port, table, offset, size);
}

/** Sets bits of the access byte of the descriptor last read, in memory and in `DESCRIPTOR`. */
export function markDescriptor(port: AccessPort, bits: number): StepResult {
  const high = DESCRIPTOR[1]! | (bits << 8);
  if (high === DESCRIPTOR[1]) return DONE;
  DESCRIPTOR[1] = high;
  const sum = (PLACE[0]! >>> 0) + 5;
  port.words[0] = (high >>> 8) & 0xff;
  return port.writeSystem(sum | 0, PLACE[1]! + (sum > 0xffffffff ? 1 : 0), 1);
}

/** Fills a segment register's hidden part from `DESCRIPTOR`. */
export function fillSegment(state: SegmentState, selector: number): void {
  const low = DESCRIPTOR[0]!;
  const high = DESCRIPTOR[1]!;
  const limit = (low & 0xffff) | (high & 0xf0000);
  state.selector = selector;
  state.baseLo = (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000);
  state.baseHi = DESCRIPTOR[2]!;
  state.limit = (high & 0x800000) !== 0 ? ((limit << 12) | 0xfff) >>> 0 : limit;
  state.rights = descriptorRights();
}
