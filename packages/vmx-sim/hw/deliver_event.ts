/**
 * Delivery of an exception or interrupt through the guest's vector table, by the CPU.
 *
 * @module
 */
import {
  DESCRIPTOR,
  descriptorLevel,
  descriptorRights,
  fillSegment,
  isPresent,
  readDescriptor,
  readTable,
} from "../isa/_descriptor.ts";
import { raise } from "../isa/_fault.ts";
import type { AccessPort, CpuState, SegmentState, StepResult } from "../isa/contract.ts";
import { CS, DONE, DS, ES, FS, GS, RSP, SS } from "../isa/contract.ts";
import { cpl } from "../isa/cpu_state.ts";
import {
  CR0_PE,
  EFER_LMA,
  RFLAGS_AC,
  RFLAGS_IF,
  RFLAGS_NT,
  RFLAGS_RF,
  RFLAGS_TF,
  RFLAGS_VM,
  VECTOR_GP,
  VECTOR_NP,
  VECTOR_TS,
} from "../isa/registers.ts";

/** Words to push, in order, two each; as many as a virtual-8086 frame with an error code has. */
const FRAME = new Int32Array(20);
let frameLength = 0;

/** Where the handler begins and where its stack is, as found out before anything is committed. */
const TARGET = { ripLo: 0, ripHi: 0, spLo: 0, spHi: 0 };

function emptySegment(): SegmentState {
  return { selector: 0, baseLo: 0, baseHi: 0, limit: 0, rights: 0x10000 };
}

const newCs = emptySegment();
const newSs = emptySegment();

function push(lo: number, hi: number): void {
  FRAME[frameLength++] = lo;
  FRAME[frameLength++] = hi;
}

function copySegment(from: SegmentState, to: SegmentState): void {
  to.selector = from.selector;
  to.baseLo = from.baseLo;
  to.baseHi = from.baseHi;
  to.limit = from.limit;
  to.rights = from.rights;
}

/**
 * Delivers an event. Registers change only when all of it went well, so it can be delivered again after a stop.
 *
 * @param vector 0 to 255
 * @param errorCode Error code to push, or −1; none is pushed in real mode
 * @param software INT n, INT3 or INTO: the gate's privilege level is checked
 * @returns `DONE`, `STOPPED`, or `FAULTED` with the fault met on the way in the port
 */
export function deliverEvent(
  cpu: CpuState,
  port: AccessPort,
  vector: number,
  errorCode: number,
  software: boolean,
): StepResult {
  frameLength = 0;
  if ((cpu.cr0 & CR0_PE) === 0) return deliverReal(cpu, port, vector);
  const long = (cpu.efer & EFER_LMA) !== 0;
  const external = software ? 0 : 1;
  const tableError = vector * 8 + 2 + external;
  const gateSize = long ? 16 : 8;
  if (vector * gateSize + gateSize - 1 > cpu.idt.limit) return raise(port, VECTOR_GP, tableError);
  let result = readTable(port, cpu.idt, vector * gateSize, gateSize);
  if (result !== DONE) return result;
  const gate = descriptorRights();
  const type = gate & 0x1f;
  const wide = (type & 8) !== 0;
  if ((type & 0x16) !== 6 || long && !wide) return raise(port, VECTOR_GP, tableError);
  if (software && ((gate >> 5) & 3) < cpl(cpu)) return raise(port, VECTOR_GP, tableError);
  if (!isPresent()) return raise(port, VECTOR_NP, tableError);
  const isTrap = (type & 1) !== 0;
  TARGET.ripLo = (DESCRIPTOR[0]! & 0xffff) | (wide ? DESCRIPTOR[1]! & 0xffff_0000 : 0);
  TARGET.ripHi = DESCRIPTOR[2]!;
  const selector = DESCRIPTOR[0]! >>> 16;
  const stackTable = long ? DESCRIPTOR[1]! & 7 : 0;

  if ((selector & 0xfffc) === 0) return raise(port, VECTOR_GP, external);
  result = readDescriptor(cpu, port, selector);
  if (result !== DONE) return result;
  const rights = descriptorRights();
  const from = cpl(cpu);
  const owner = descriptorLevel();
  if ((rights & 0x18) !== 0x18 || owner > from || long && (rights & 0x6000) !== 0x2000) {
    return raise(port, VECTOR_GP, (selector & 0xfffc) | external);
  }
  if (!isPresent()) return raise(port, VECTOR_NP, (selector & 0xfffc) | external);
  DESCRIPTOR[2] = 0;
  const to = (rights & 4) !== 0 ? from : owner;
  fillSegment(newCs, (selector & 0xfffc) | to);
  newCs.rights |= 1;
  copySegment(cpu.seg[SS]!, newSs);

  const size = long ? 8 : wide ? 4 : 2;
  const inner = to < from;
  result = long
    ? longStack(cpu, port, to, inner, stackTable)
    : inner
    ? innerStack(cpu, port, to, external)
    : sameStack(cpu);
  if (result !== DONE) return result;
  if ((cpu.rflags & RFLAGS_VM) !== 0) {
    for (const register of [GS, FS, DS, ES]) push(cpu.seg[register]!.selector, 0);
  }
  if (long || inner) {
    push(cpu.seg[SS]!.selector, 0);
    push(cpu.gpr[RSP * 2]!, cpu.gpr[RSP * 2 + 1]!);
  }
  push(cpu.rflags, 0);
  push(cpu.seg[CS]!.selector, 0);
  push(cpu.rip[0]!, cpu.rip[1]!);
  if (errorCode >= 0) push(errorCode, 0);
  result = writeFrame(port, size, to, (newSs.rights & 0x4000) !== 0 || long);
  if (result !== DONE) return result;

  if ((cpu.rflags & RFLAGS_VM) !== 0) {
    for (const register of [GS, FS, DS, ES]) copySegment(emptySegment(), cpu.seg[register]!);
  }
  commit(cpu);
  cpu.rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | (isTrap ? 0 : RFLAGS_IF));
  return DONE;
}

function deliverReal(cpu: CpuState, port: AccessPort, vector: number): StepResult {
  if (vector * 4 + 3 > cpu.idt.limit) return raise(port, VECTOR_GP, 0);
  const result = readTable(port, cpu.idt, vector * 4, 4);
  if (result !== DONE) return result;
  TARGET.ripLo = DESCRIPTOR[0]! & 0xffff;
  TARGET.ripHi = 0;
  copySegment(cpu.seg[CS]!, newCs);
  newCs.selector = DESCRIPTOR[0]! >>> 16;
  newCs.baseLo = newCs.selector << 4;
  newCs.baseHi = 0;
  copySegment(cpu.seg[SS]!, newSs);
  sameStack(cpu);
  push(cpu.rflags, 0);
  push(cpu.seg[CS]!.selector, 0);
  push(cpu.rip[0]!, 0);
  const written = writeFrame(port, 2, 0, false);
  if (written !== DONE) return written;
  commit(cpu);
  cpu.rflags &= ~(RFLAGS_TF | RFLAGS_IF | RFLAGS_AC | RFLAGS_RF);
  return DONE;
}

function sameStack(cpu: CpuState): StepResult {
  TARGET.spLo = cpu.gpr[RSP * 2]!;
  TARGET.spHi = 0;
  return DONE;
}

// Intel SDM volume 3, stack switch of a protected-mode interrupt
function innerStack(cpu: CpuState, port: AccessPort, to: number, external: number): StepResult {
  const isWide = (cpu.tr.rights & 8) !== 0;
  const at = isWide ? to * 8 + 4 : to * 4 + 2;
  const size = isWide ? 6 : 4;
  if (at + size - 1 > cpu.tr.limit >>> 0) {
    return raise(port, VECTOR_TS, (cpu.tr.selector & 0xfffc) | external);
  }
  let result = readTable(port, cpu.tr, at, isWide ? 8 : 4);
  if (result !== DONE) return result;
  TARGET.spLo = isWide ? DESCRIPTOR[0]! : DESCRIPTOR[0]! & 0xffff;
  TARGET.spHi = 0;
  const selector = isWide ? DESCRIPTOR[1]! & 0xffff : DESCRIPTOR[0]! >>> 16;
  const error = (selector & 0xfffc) | external;
  if ((selector & 0xfffc) === 0) return raise(port, VECTOR_TS, external);
  result = readDescriptor(cpu, port, selector, VECTOR_TS);
  if (result !== DONE) return result;
  if ((descriptorRights() & 0x1a) !== 0x12 || descriptorLevel() !== to) {
    return raise(port, VECTOR_TS, error);
  }
  DESCRIPTOR[2] = 0;
  fillSegment(newSs, selector);
  return DONE;
}

function longStack(
  cpu: CpuState,
  port: AccessPort,
  to: number,
  inner: boolean,
  table: number,
): StepResult {
  if (table === 0 && !inner) {
    TARGET.spLo = cpu.gpr[RSP * 2]! & ~15;
    TARGET.spHi = cpu.gpr[RSP * 2 + 1]!;
    newSs.baseLo = newSs.baseHi = 0;
    return DONE;
  }
  const at = table === 0 ? 4 + to * 8 : 0x1c + table * 8;
  if (at + 7 > cpu.tr.limit >>> 0) return raise(port, VECTOR_TS, cpu.tr.selector & 0xfffc);
  const result = readTable(port, cpu.tr, at, 8);
  if (result !== DONE) return result;
  TARGET.spLo = DESCRIPTOR[0]! & ~15;
  TARGET.spHi = DESCRIPTOR[1]!;
  if (inner) {
    newSs.selector = to;
    newSs.limit = 0;
    newSs.rights = 0x10000 | to << 5;
  }
  newSs.baseLo = newSs.baseHi = 0;
  return DONE;
}

/** Writes the frame downwards from the stack pointer, one element after another. */
function writeFrame(port: AccessPort, size: number, to: number, wide: boolean): StepResult {
  for (let i = 0; i < frameLength; i += 2) {
    const below = (TARGET.spLo >>> 0) - size;
    if (size === 8) {
      TARGET.spLo = below | 0;
      if (below < 0) TARGET.spHi = (TARGET.spHi - 1) | 0;
    } else TARGET.spLo = wide ? below | 0 : (TARGET.spLo & ~0xffff) | (below & 0xffff);
    const lo = size === 8
      ? TARGET.spLo
      : (newSs.baseLo + (wide ? TARGET.spLo : TARGET.spLo & 0xffff)) | 0;
    const hi = size === 8 ? TARGET.spHi : 0;
    port.words[0] = FRAME[i]!;
    port.words[1] = FRAME[i + 1]!;
    const result = to === 3 ? port.write(lo, hi, size) : port.writeSystem(lo, hi, size);
    if (result !== DONE) return result;
  }
  return DONE;
}

function commit(cpu: CpuState): void {
  cpu.rip[0] = TARGET.ripLo;
  cpu.rip[1] = TARGET.ripHi;
  copySegment(newCs, cpu.seg[CS]!);
  copySegment(newSs, cpu.seg[SS]!);
  cpu.gpr[RSP * 2] = TARGET.spLo;
  if (TARGET.spHi !== 0 || (cpu.efer & EFER_LMA) !== 0) cpu.gpr[RSP * 2 + 1] = TARGET.spHi;
}
