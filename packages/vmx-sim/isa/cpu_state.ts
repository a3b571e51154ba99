/**
 * The state of a CPU: reset, copies, mode and privilege level.
 *
 * @module
 */
import type { CpuMode, CpuState, SegmentState } from "./contract.ts";
import { CS, SS } from "./contract.ts";
import { CR0_PE, EFER_LMA, RFLAGS_VM } from "./registers.ts";

function segment(selector: number, baseLo: number, limit: number, rights: number): SegmentState {
  return { selector, baseLo, baseHi: 0, limit, rights };
}

/** After RESET. A class, because V8 remembers of a class what its fields hold, and checks that less often. */
class ResetState implements CpuState {
  readonly gpr = new Int32Array(32);
  readonly rip = new Int32Array(2);
  rflags = 2;
  readonly seg = [0, 1, 2, 3, 4, 5].map((i) =>
    i === CS ? segment(0xf000, 0xffff0000 | 0, 0xffff, 0x9b) : segment(0, 0, 0xffff, 0x93)
  );
  readonly tr = segment(0, 0, 0xffff, 0x8b);
  readonly ldt = segment(0, 0, 0xffff, 0x82);
  readonly gdt = { baseLo: 0, baseHi: 0, limit: 0xffff };
  readonly idt = { baseLo: 0, baseHi: 0, limit: 0xffff };
  cr0 = 0x60000010;
  cr2Lo = 0;
  cr2Hi = 0;
  cr3 = 0;
  cr4 = 0;
  cr8 = 0;
  efer = 0;
  readonly debug = new Int32Array(8);
  readonly xmm = new Uint8Array(256);
  readonly mm = new Uint8Array(64);
  fpuControl = 0x37f;
  fpuStatus = 0;
  mxcsr = 0x1f80;
  interruptShadow = 0;

  constructor() {
    this.gpr[4] = 0x600;
    this.rip[0] = 0xfff0;
    this.debug[6] = 0xffff0ff0 | 0;
    this.debug[7] = 0x400;
  }
}

/**
 * A CPU as RESET leaves it, which is how KVM creates a vCPU: real mode, CS at 0xffff0000, RIP 0xfff0, RDX the family.
 *
 * ```ts
 * import { cpuMode, createCpuState } from "@ioeventfd/vmx-sim";
 *
 * const cpu = createCpuState();
 * console.assert(cpuMode(cpu) === "real" && cpu.rip[0] === 0xfff0);
 * ```
 */
export function createCpuState(): CpuState {
  return new ResetState();
}

/** Mode the CPU decodes in, out of CR0.PE, EFER.LMA, RFLAGS.VM and the L and D bits of CS. */
export function cpuMode(cpu: CpuState): CpuMode {
  if ((cpu.cr0 & CR0_PE) === 0) return "real";
  if (cpu.rflags & RFLAGS_VM) return "vm16";
  const rights = cpu.seg[CS]!.rights;
  if ((cpu.efer & EFER_LMA) !== 0 && (rights & 0x2000) !== 0) return "prot64";
  return (rights & 0x4000) !== 0 ? "prot32" : "prot16";
}

/** Current privilege level, 0…3: the DPL of SS, 0 in real mode, 3 in virtual-8086 mode. */
export function cpl(cpu: CpuState): number {
  if ((cpu.cr0 & CR0_PE) === 0) return 0;
  if (cpu.rflags & RFLAGS_VM) return 3;
  return (cpu.seg[SS]!.rights >> 5) & 3;
}

/** Copies all of one CPU's state into another's: a snapshot, or its restoration. */
export function copyCpuState(from: CpuState, to: CpuState): void {
  to.gpr.set(from.gpr);
  to.rip.set(from.rip);
  from.seg.forEach((state, i) => Object.assign(to.seg[i]!, state));
  Object.assign(to.tr, from.tr);
  Object.assign(to.ldt, from.ldt);
  Object.assign(to.gdt, from.gdt);
  Object.assign(to.idt, from.idt);
  to.rflags = from.rflags;
  to.cr0 = from.cr0;
  to.cr2Lo = from.cr2Lo;
  to.cr2Hi = from.cr2Hi;
  to.cr3 = from.cr3;
  to.cr4 = from.cr4;
  to.cr8 = from.cr8;
  to.efer = from.efer;
  to.debug.set(from.debug);
  to.xmm.set(from.xmm);
  to.mm.set(from.mm);
  to.fpuControl = from.fpuControl;
  to.fpuStatus = from.fpuStatus;
  to.mxcsr = from.mxcsr;
  to.interruptShadow = from.interruptShadow;
}
