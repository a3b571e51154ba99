import {
  type DescriptorTable,
  joinWords,
  KvmError,
  type Regs,
  type Segment,
  type Sregs,
} from "@ioeventfd/uapi";
import type { CpuState, SegmentState, TableState } from "./isa/contract.ts";
import { CS, DS, ES, FS, GS, SS } from "./isa/contract.ts";
import { CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME } from "./isa/registers.ts";

/** General registers in the order of the instruction encoding. */
const generalNames = [
  "rax",
  "rcx",
  "rdx",
  "rbx",
  "rsp",
  "rbp",
  "rsi",
  "rdi",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
] as const;

/** The bit of RFLAGS that is always set. */
const RFLAGS_FIXED = 0x2;

const segmentNames = [["cs", CS], ["ds", DS], ["es", ES], ["fs", FS], ["gs", GS], [
  "ss",
  SS,
]] as const;

function low(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function high(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** `KVM_GET_REGS`. */
export function getRegs(cpu: CpuState): Regs {
  const regs: Partial<Regs> = {};
  generalNames.forEach((name, r) => regs[name] = joinWords(cpu.gpr[r * 2]!, cpu.gpr[r * 2 + 1]!));
  regs.rip = joinWords(cpu.rip[0]!, cpu.rip[1]!);
  regs.rflags = BigInt(cpu.rflags >>> 0);
  return regs as Regs;
}

// KERNEL 6.19 arch/x86/kvm/x86.c __set_regs
/** `KVM_SET_REGS`. */
export function setRegs(cpu: CpuState, regs: Regs): void {
  generalNames.forEach((name, r) => {
    cpu.gpr[r * 2] = low(regs[name]);
    cpu.gpr[r * 2 + 1] = high(regs[name]);
  });
  cpu.rip[0] = low(regs.rip);
  cpu.rip[1] = high(regs.rip);
  cpu.rflags = low(regs.rflags) | RFLAGS_FIXED;
}

function getSegment(state: SegmentState): Segment {
  const { rights } = state;
  const unusable = rights >> 16 & 1;
  return {
    base: joinWords(state.baseLo, state.baseHi),
    limit: state.limit >>> 0,
    selector: state.selector,
    type: rights & 0xf,
    present: 1 - unusable,
    dpl: rights >> 5 & 3,
    db: rights >> 14 & 1,
    s: rights >> 4 & 1,
    l: rights >> 13 & 1,
    g: rights >> 15 & 1,
    avl: rights >> 12 & 1,
    unusable,
  };
}

// KERNEL 6.19 arch/x86/kvm/vmx/vmx.c vmx_segment_access_rights
function setSegment(state: SegmentState, segment: Segment): void {
  state.selector = segment.selector & 0xffff;
  state.baseLo = low(segment.base);
  state.baseHi = high(segment.base);
  state.limit = segment.limit | 0;
  state.rights = segment.type & 0xf | (segment.s & 1) << 4 | (segment.dpl & 3) << 5 |
    (segment.present & 1) << 7 | (segment.avl & 1) << 12 | (segment.l & 1) << 13 |
    (segment.db & 1) << 14 | (segment.g & 1) << 15 |
    (segment.unusable !== 0 || segment.present === 0 ? 0x1_0000 : 0);
}

function getTable(state: TableState): DescriptorTable {
  return { base: joinWords(state.baseLo, state.baseHi), limit: state.limit };
}

function setTable(state: TableState, table: DescriptorTable): void {
  state.baseLo = low(table.base);
  state.baseHi = high(table.base);
  state.limit = table.limit & 0xffff;
}

/** `KVM_GET_SREGS`. */
export function getSregs(cpu: CpuState, apicBase: bigint): Sregs {
  const sregs: Partial<Sregs> = {};
  for (const [name, index] of segmentNames) sregs[name] = getSegment(cpu.seg[index]!);
  return {
    ...(sregs as Pick<Sregs, "cs" | "ds" | "es" | "fs" | "gs" | "ss">),
    tr: getSegment(cpu.tr),
    ldt: getSegment(cpu.ldt),
    gdt: getTable(cpu.gdt),
    idt: getTable(cpu.idt),
    cr0: BigInt(cpu.cr0 >>> 0),
    cr2: joinWords(cpu.cr2Lo, cpu.cr2Hi),
    cr3: BigInt(cpu.cr3),
    cr4: BigInt(cpu.cr4 >>> 0),
    cr8: BigInt(cpu.cr8),
    efer: BigInt(cpu.efer >>> 0),
    apicBase,
  };
}

/** Bits of CR4 the modelled CPU has: VME to OSXMMEXCPT, UMIP, LA57, FSGSBASE, OSXSAVE, SMEP, SMAP. */
const cr4Bits = 0x35_1fffn;

/** MAXPHYADDR of the modelled CPU. */
const physicalBits = 48n;

// KERNEL 6.19 arch/x86/kvm/x86.c kvm_is_valid_sregs
/** Why `KVM_SET_SREGS` refuses, or null. */
export function sregsProblem(sregs: Sregs): string | null {
  const { cr3, cs } = sregs;
  const cr0 = low(sregs.cr0), cr4 = low(sregs.cr4), efer = low(sregs.efer);
  const isPaged = (cr0 & CR0_PG) !== 0;
  const isActive = (efer & EFER_LMA) !== 0;
  if ((efer & EFER_LME) !== 0 && isPaged) {
    if ((cr4 & CR4_PAE) === 0) return "EFER.LME and CR0.PG are set without CR4.PAE";
    if (!isActive) return "EFER.LME and CR0.PG are set without EFER.LMA";
    if (cr3 >> physicalBits !== 0n) return `CR3 0x${cr3.toString(16)} is above 48 bits`;
  } else if (isActive) return "EFER.LMA is set outside long mode";
  else if (cs.l !== 0) return "CS is a 64-bit segment outside long mode";
  if ((sregs.cr4 & ~cr4Bits) !== 0n) {
    return `CR4 0x${sregs.cr4.toString(16)} has bits the CPU does not`;
  }
  if (sregs.cr0 >> 32n !== 0n) return `CR0 0x${sregs.cr0.toString(16)} is above 32 bits`;
  if ((cr0 & (CR0_NW | CR0_CD)) === CR0_NW) return "CR0.NW is set without CR0.CD";
  if (isPaged && (cr0 & CR0_PE) === 0) return "CR0.PG is set without CR0.PE";
  return null;
}

// KERNEL 6.19 arch/x86/kvm/lapic.c kvm_apic_set_base
/** Why `KVM_SET_SREGS` refuses another IA32_APIC_BASE, or null. */
export function apicBaseProblem(value: bigint, current: bigint): string | null {
  if (value === current) return null;
  const isReserved = (value & 0x2ffn) !== 0n || value >> physicalBits !== 0n;
  // x2APIC mode of a LAPIC that is off.
  if (!isReserved && (value & 0xc00n) !== 0x400n) return null;
  return `No IA32_APIC_BASE is 0x${value.toString(16)}`;
}

/**
 * `KVM_SET_SREGS`.
 *
 * @param apicProblem What `apicBaseProblem` says
 * @throws {KvmError} EINVAL where the release looks and finds a contradiction
 */
export function setSregs(
  cpu: CpuState,
  sregs: Sregs,
  validates: boolean,
  apicProblem: string | null,
): void {
  const problem = sregsProblem(sregs) ?? apicProblem;
  if (validates && problem !== null) {
    throw new KvmError("EINVAL", { check: "sregs", detail: problem });
  }
  for (const [name, index] of segmentNames) setSegment(cpu.seg[index]!, sregs[name]);
  setSegment(cpu.tr, sregs.tr);
  setSegment(cpu.ldt, sregs.ldt);
  setTable(cpu.gdt, sregs.gdt);
  setTable(cpu.idt, sregs.idt);
  cpu.cr0 = low(sregs.cr0);
  cpu.cr2Lo = low(sregs.cr2);
  cpu.cr2Hi = high(sregs.cr2);
  cpu.cr3 = Number(BigInt.asUintN(52, sregs.cr3));
  cpu.cr4 = low(sregs.cr4);
  cpu.cr8 = Number(sregs.cr8 & 0xfn);
  cpu.efer = low(sregs.efer);
}
