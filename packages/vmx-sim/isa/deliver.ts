/**
 * Events through the IVT or IDT: exceptions and interrupts, in each mode of the CPU.
 *
 * @module
 */
import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { CS, DONE, FAULTED, SS, UNDECODED } from "./contract.ts";
import { isCanonical } from "./_address.ts";
import { cpl } from "./cpu_state.ts";
import {
  DESCRIPTOR,
  descriptorLevel,
  descriptorRights,
  fillSegment,
  isLongMode,
  isPresent,
  markDescriptor,
  readDescriptor,
  readTable,
} from "./_descriptor.ts";
import { raise } from "./_fault.ts";
import { hasParagraphs, loadParagraph } from "./_segment.ts";
import { beginStack, commitStack, push, STACK_POINTER } from "./_stack.ts";
import {
  RFLAGS_AC,
  RFLAGS_IF,
  RFLAGS_NT,
  RFLAGS_RF,
  RFLAGS_TF,
  RFLAGS_VM,
  VECTOR_DF,
  VECTOR_GP,
  VECTOR_NP,
  VECTOR_PF,
  VECTOR_TS,
} from "./registers.ts";

/** What delivers the event: an exception, INT n, or an interrupt from outside. */
export type EventKind = "exception" | "software" | "external";

/** A fault during the delivery of a double fault: the processor shuts down. */
export const SHUTDOWN = 6;

/** Where a gate leads: offset low and high word, selector; then the access rights of the gate. */
const GATE = new Int32Array(4);

/** The new code segment, kept while the stack is filled. */
const CODE = { selector: 0, baseLo: 0, baseHi: 0, limit: 0, rights: 0 };

/** The new stack segment likewise. */
const STACK = { selector: 0, baseLo: 0, baseHi: 0, limit: 0, rights: 0 };

function deliverReal(cpu: CpuState, port: AccessPort, vector: number): StepResult {
  if (vector * 4 + 3 > cpu.idt.limit >>> 0) return raise(port, VECTOR_GP, -1);
  let result = readTable(port, cpu.idt, vector * 4, 4);
  if (result !== DONE) return result;
  const target = DESCRIPTOR[0]!;
  beginStack(cpu);
  result = push(false, cpu, port, 2, cpu.rflags, 0);
  if (result === DONE) result = push(false, cpu, port, 2, cpu.seg[CS]!.selector, 0);
  if (result === DONE) result = push(false, cpu, port, 2, cpu.rip[0]!, 0);
  if (result !== DONE) return result;
  commitStack(cpu);
  cpu.rflags &= ~(RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_RF);
  loadParagraph(cpu, CS, target >>> 16);
  cpu.rip[0] = target & 0xffff;
  cpu.rip[1] = 0;
  return DONE;
}

/** Reads and checks the gate of a vector into `GATE`. */
function readGate(cpu: CpuState, port: AccessPort, vector: number, kind: EventKind): StepResult {
  const long = isLongMode(cpu);
  const bytes = long ? 16 : 8;
  const external = kind === "software" ? 0 : 1;
  const error = (vector << 3) | 2 | external;
  if (vector * bytes + bytes - 1 > cpu.idt.limit >>> 0) return raise(port, VECTOR_GP, error);
  const result = readTable(port, cpu.idt, vector * bytes, bytes);
  if (result !== DONE) return result;
  const type = descriptorRights() & 0x1f;
  if (type === 5 && !long) return UNDECODED;
  const wide = type === 14 || type === 15;
  if (!wide && (long || (type !== 6 && type !== 7))) return raise(port, VECTOR_GP, error);
  if (kind === "software" && descriptorLevel() < cpl(cpu)) return raise(port, VECTOR_GP, error);
  if (!isPresent()) return raise(port, VECTOR_NP, error);
  GATE[0] = (DESCRIPTOR[0]! & 0xffff) | (wide ? DESCRIPTOR[1]! & 0xffff0000 : 0);
  GATE[1] = DESCRIPTOR[2]!;
  GATE[2] = DESCRIPTOR[0]! >>> 16;
  GATE[3] = (DESCRIPTOR[1]! & 7) | (type << 8);
  return DONE;
}

/** Reads the code segment of `GATE` into `CODE`. */
function readHandler(cpu: CpuState, port: AccessPort, kind: EventKind): StepResult {
  const selector = GATE[2]!;
  const external = kind === "software" ? 0 : 1;
  if ((selector & 0xfffc) === 0) return raise(port, VECTOR_GP, external);
  let result = readDescriptor(cpu, port, selector);
  if (result === FAULTED && port.fault.vector === VECTOR_GP) port.fault.errorCode |= external;
  if (result !== DONE) return result;
  const error = (selector & 0xfffc) | external;
  const rights = descriptorRights();
  if ((rights & 0x18) !== 0x18 || descriptorLevel() > cpl(cpu)) {
    return raise(port, VECTOR_GP, error);
  }
  if (!isPresent()) return raise(port, VECTOR_NP, error);
  if (isLongMode(cpu) && (rights & 0x6000) !== 0x2000) return raise(port, VECTOR_GP, error);
  result = markDescriptor(port, 1);
  if (result !== DONE) return result;
  fillSegment(CODE, selector & 0xfffc);
  return DONE;
}

/** Reads the 64-bit stack pointer of level `level`, or of an interrupt stack, into `STACK_POINTER`. */
function readLongStack(cpu: CpuState, port: AccessPort, level: number, ist: number): StepResult {
  const offset = ist !== 0 ? 0x1c + ist * 8 : 4 + level * 8;
  if (offset + 7 > cpu.tr.limit >>> 0) return raise(port, VECTOR_TS, cpu.tr.selector & 0xfffc);
  const result = readTable(port, cpu.tr, offset, 8);
  if (result !== DONE) return result;
  STACK_POINTER[0] = DESCRIPTOR[0]!;
  STACK_POINTER[1] = DESCRIPTOR[1]!;
  return DONE;
}

/** Reads ESP and SS of level `level` out of a 32-bit task state segment, into `STACK_POINTER` and `STACK`. */
function readInnerStack(cpu: CpuState, port: AccessPort, level: number): StepResult {
  if ((cpu.tr.rights & 0xd) !== 9) return UNDECODED;
  const offset = 4 + level * 8;
  if (offset + 7 > cpu.tr.limit >>> 0) return raise(port, VECTOR_TS, cpu.tr.selector & 0xfffc);
  let result = readTable(port, cpu.tr, offset, 8);
  if (result !== DONE) return result;
  STACK_POINTER[0] = DESCRIPTOR[0]!;
  STACK_POINTER[1] = 0;
  const selector = DESCRIPTOR[1]! & 0xffff;
  const error = selector & 0xfffc;
  if (error === 0) return raise(port, VECTOR_TS, 0);
  result = readDescriptor(cpu, port, selector, VECTOR_TS);
  if (result !== DONE) return result;
  const fits = (descriptorRights() & 0x1a) === 0x12 && descriptorLevel() === level &&
    (selector & 3) === level && isPresent();
  if (!fits) return raise(port, VECTOR_TS, error);
  result = markDescriptor(port, 1);
  if (result === DONE) fillSegment(STACK, selector);
  return result;
}

/** Pushes through the new stack segment with supervisor rights when the level changes. */
function pushAt(
  cpu: CpuState,
  port: AccessPort,
  inner: boolean,
  size: number,
  lo: number,
  hi: number,
): StepResult {
  const long = size === 8;
  if (!inner) return push(long, cpu, port, size, lo, hi);
  const sum = (STACK_POINTER[0]! >>> 0) - size;
  STACK_POINTER[0] = sum | 0;
  if (long && sum < 0) STACK_POINTER[1]! -= 1;
  port.words[0] = lo;
  port.words[1] = hi;
  if (!long) return port.writeSystem((sum + STACK.baseLo) | 0, 0, size);
  if (!isCanonical(cpu, STACK_POINTER[1]!)) return raise(port, 12, 0);
  return port.writeSystem(sum | 0, STACK_POINTER[1]!, size);
}

function deliverProtected(
  cpu: CpuState,
  port: AccessPort,
  vector: number,
  errorCode: number,
  kind: EventKind,
): StepResult {
  let result = readGate(cpu, port, vector, kind);
  if (result === DONE) result = readHandler(cpu, port, kind);
  if (result !== DONE) return result;
  const long = isLongMode(cpu);
  const type = GATE[3]! >> 8;
  const size = long ? 8 : type >= 14 ? 4 : 2;
  const from = cpl(cpu);
  const conforming = (CODE.rights & 4) !== 0;
  const level = conforming ? from : (CODE.rights >> 5) & 3;
  const inner = level < from;
  const fromVirtual = (cpu.rflags & RFLAGS_VM) !== 0;
  if (fromVirtual) return UNDECODED;
  const oldLo = cpu.gpr[8]!;
  const oldHi = cpu.gpr[9]!;
  beginStack(cpu);
  if (long) {
    const ist = GATE[3]! & 7;
    if (inner || ist !== 0) result = readLongStack(cpu, port, level, ist);
    STACK_POINTER[0]! &= ~15;
  } else if (inner) result = readInnerStack(cpu, port, level);
  if (result !== DONE) return result;
  // Nothing but an exception that is a fault sets RF in the image.
  const flags = cpu.rflags | (kind === "exception" && vector !== 1 ? RFLAGS_RF : 0);
  const old = cpu.seg[SS]!.selector;
  const fresh = inner || (long && (GATE[3]! & 7) !== 0);
  if (long || inner) {
    result = pushAt(cpu, port, fresh, size, old, 0);
    if (result === DONE) result = pushAt(cpu, port, fresh, size, oldLo, long ? oldHi : 0);
  }
  if (result === DONE) result = pushAt(cpu, port, fresh, size, flags, 0);
  if (result === DONE) result = pushAt(cpu, port, fresh, size, cpu.seg[CS]!.selector, 0);
  if (result === DONE) result = pushAt(cpu, port, fresh, size, cpu.rip[0]!, cpu.rip[1]!);
  if (result === DONE && errorCode >= 0) result = pushAt(cpu, port, fresh, size, errorCode, 0);
  if (result !== DONE) return result;
  commitStack(cpu);
  if (inner) {
    const stack = cpu.seg[SS]!;
    if (long) {
      stack.selector = level;
      stack.baseLo = stack.baseHi = stack.limit = 0;
      stack.rights = 0x10000 | (level << 5);
    } else Object.assign(stack, STACK);
  }
  Object.assign(cpu.seg[CS]!, CODE);
  cpu.seg[CS]!.selector |= level;
  cpu.rip[0] = size === 2 ? GATE[0]! & 0xffff : GATE[0]!;
  cpu.rip[1] = long ? GATE[1]! : 0;
  cpu.rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM);
  if ((type & 1) === 0) cpu.rflags &= ~RFLAGS_IF;
  return DONE;
}

/**
 * Delivers an event through the vector table of real mode or the IDT of protected and long mode: pushes the frame
 * and goes to the handler. `errorCode` is -1 for none.
 *
 * `DONE` when RIP is at the handler; `STOPPED` and `FAULTED` as the port had it, with nothing committed; `UNDECODED`
 * for task gates and for events in virtual-8086 mode.
 */
export function deliverEvent(
  cpu: CpuState,
  port: AccessPort,
  vector: number,
  errorCode: number,
  kind: EventKind,
): StepResult {
  return hasParagraphs(cpu) && (cpu.rflags & RFLAGS_VM) === 0
    ? deliverReal(cpu, port, vector)
    : deliverProtected(cpu, port, vector, errorCode, kind);
}

/** 0 benign, 1 contributory, 2 page fault. */
function severity(vector: number): number {
  if (vector === VECTOR_PF) return 2;
  return vector === 0 || (vector >= VECTOR_TS && vector <= VECTOR_GP) ? 1 : 0;
}

/**
 * Delivers the exception in the port's `fault`, CR2 included; a second one that arises meanwhile is delivered in its
 * place or becomes a double fault, a third is `SHUTDOWN`.
 */
export function deliverFault(cpu: CpuState, port: AccessPort): StepResult | typeof SHUTDOWN {
  const fault = port.fault;
  for (;;) {
    const { vector, errorCode } = fault;
    if (vector === VECTOR_PF && !fault.software) {
      cpu.cr2Lo = fault.cr2Lo;
      cpu.cr2Hi = fault.cr2Hi;
    }
    const kind: EventKind = fault.software ? "software" : "exception";
    const result = deliverEvent(cpu, port, vector, errorCode, kind);
    if (result !== FAULTED) return result;
    if (vector === VECTOR_DF) return SHUTDOWN;
    const first = kind === "software" ? 0 : severity(vector);
    const second = severity(fault.vector);
    if ((first === 1 && second === 1) || (first === 2 && second !== 0)) {
      raise(port, VECTOR_DF, 0);
    }
  }
}
