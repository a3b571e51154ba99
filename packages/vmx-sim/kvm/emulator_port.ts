/**
 * How instructions reach memory and ports when KVM's emulator runs them.
 *
 * @module
 */
import type { StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import { checkWritable } from "../isa/_address.ts";
import { protection } from "../isa/_fault.ts";
import { remaining } from "../isa/_io.ts";
import { BasePort } from "../isa/base_port.ts";
import type { Instruction } from "../isa/instruction.ts";
import * as registers from "../isa/registers.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import * as counters from "../work/work_counters.ts";
import type { KvmMmu } from "./kvm_mmu.ts";
import { MmioAccess } from "./mmio_access.ts";
import { PioAccess } from "./pio_access.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CR0_PG, CR4_PAE, EFER_LME, RFLAGS_DF } = registers;
const { DONE, FAULTED, PORT_DATA_BYTES, RDI, STOPPED } = contract;
const { ACCESS_WRITE } = pageWalker;
const { W_DATA_READS } = counters;

/** The emulator's access port. */
export class EmulatorPort extends BasePort {
  /** True: this is KVM. */
  override readonly emulator: boolean = true;
  /** Memory accesses. */
  readonly mmio: MmioAccess;
  /** Port accesses. */
  readonly pio: PioAccess;
  /** Instruction being emulated. */
  insn: Instruction | null = null;
  readonly #mmu: KvmMmu;
  readonly #reads = new Uint8Array(PORT_DATA_BYTES);
  #readsAt = 0;
  #readsEnd = 0;
  readonly #portReads = new Uint8Array(PORT_DATA_BYTES);
  #portReadsAt = 0;
  #portReadsEnd = 0;
  #modifies = false;

  /**
   * The port of one vCPU's emulator.
   *
   * @param vcpu The vCPU it serves
   * @param mmu Its MMU
   */
  constructor(vcpu: VcpuContext, mmu: KvmMmu) {
    super(vcpu.cpu);
    this.#mmu = mmu;
    this.mmio = new MmioAccess(vcpu, mmu, this.fault);
    this.pio = new PioAccess(vcpu);
  }

  /** A new instruction: nothing of the one before is remembered. */
  begin(insn: Instruction): void {
    this.insn = insn;
    this.#modifies = false;
    this.#readsAt =
      this.#readsEnd =
      this.#portReadsAt =
      this.#portReadsEnd =
        0;
  }

  /** The instruction is executed again from its start: what it has read stays read. */
  again(): void {
    this.#readsAt = 0;
    this.#modifies = false;
  }

  /** The next iteration of a string instruction. */
  nextIteration(): void {
    this.#readsAt = this.#readsEnd = 0;
  }

  // KERNEL 6.19 arch/x86/kvm/emulate.c x86_emulate_insn: after string_insn_completed
  /** Whether a string instruction goes back to the guest before its next iteration. */
  get returnsToGuest(): boolean {
    if (this.#portReadsEnd !== 0) return this.#portReadsEnd === this.#portReadsAt;
    return (this.cpu.gpr[2]! & 0x3ff) === 0;
  }

  // KERNEL 6.19 arch/x86/kvm/emulate.c read_emulated
  /** Reads memory, once: executed again, the instruction gets what it got. */
  read(lo: number, hi: number, size: number, forWrite: boolean): StepResult {
    if (forWrite && !this.insn!.long) this.#modifies = true;
    if (this.#readsAt >= this.#readsEnd) {
      // What a device in the kernel leaves out is what lies in the buffer since an earlier read.
      for (let i = 0; i < size; i++) this.data[i] = this.#reads[this.#readsEnd + i]!;
      const result = this.mmio.access(lo, hi, size, this.data, this.#mmu.userAccess);
      if (result !== DONE) {
        // KERNEL 6.19 arch/x86/kvm/emulate.c x86_emulate_insn: the fault of a read that a write follows is a write's
        if (forWrite && result === FAULTED && this.fault.vector === 14) this.fault.errorCode |= 2;
        return result;
      }
      for (let i = 0; i < size; i++) this.#reads[this.#readsEnd + i] = this.data[i]!;
      this.#readsEnd += size;
      this.#readsAt += size;
      return DONE;
    }
    for (let i = 0; i < size; i++) this.data[i] = this.#reads[this.#readsAt + i]!;
    this.#readsAt += size;
    return DONE;
  }

  /** Writes memory. */
  write(lo: number, hi: number, size: number): StepResult {
    const access = this.#mmu.userAccess | ACCESS_WRITE;
    const insn = this.insn!;
    if (this.#modifies) {
      const result = checkWritable(this.cpu, this, insn.segment);
      if (result !== DONE) return result;
    }
    // KERNEL 6.19 arch/x86/kvm/emulate.c em_sgdt, em_sidt: segmented_write_std
    if (insn.mnemonic === "sgdt" || insn.mnemonic === "sidt") {
      return this.mmio.system(lo, hi, size, this.data, access);
    }
    // KERNEL 6.19 arch/x86/kvm/x86.c emulator_cmpxchg_emulated
    if ((insn.lock || insn.mnemonic === "xchg") && size <= 8 && (size & (size - 1)) === 0) {
      this.#mmu.translate(lo, hi, access, W_DATA_READS);
    }
    return this.mmio.access(lo, hi, size, this.data, access);
  }

  /** Reads RAM with supervisor rights. */
  override readSystem(lo: number, hi: number, size: number): StepResult {
    return this.mmio.system(lo, hi, size, this.data, 0);
  }

  /** Writes RAM with supervisor rights. */
  override writeSystem(lo: number, hi: number, size: number): StepResult {
    return this.mmio.system(lo, hi, size, this.data, ACCESS_WRITE);
  }

  // KERNEL 6.19 arch/x86/kvm/emulate.c pio_in_emulated
  /**
   * INS reads ahead up to the end of the page, and takes all of it unless DF is set. IN takes one element, but reads
   * ahead as well where a REP that means nothing stands before it.
   */
  portIn(port: number, size: number, count: number): StepResult {
    const insn = this.insn!;
    if (this.#portReadsAt === this.#portReadsEnd) {
      if (count === 0 && insn.rep !== 0) count = remaining(insn, this.cpu);
      const elements = this.#batch(size, count);
      const { pio } = this;
      if (pio.count !== 0) {
        // The answer is in the page: KVM_RUN after KVM_EXIT_IO.
        pio.takeAnswer(this.#portReads);
      } else if (!pio.in(port, size, elements, this.#portReads)) return STOPPED;
      this.#portReadsAt = 0;
      this.#portReadsEnd = elements * size;
    }
    const takesAll = insn.isString && (this.cpu.rflags & RFLAGS_DF) === 0;
    const bytes = takesAll ? this.#portReadsEnd - this.#portReadsAt : size;
    for (let i = 0; i < bytes; i++) this.data[i] = this.#portReads[this.#portReadsAt + i]!;
    this.#portReadsAt += bytes;
    this.elements = bytes / size;
    return DONE;
  }

  #batch(size: number, count: number): number {
    const inPage = this.cpu.gpr[RDI * 2]! & 0xfff;
    // Bytes to the end of the page bound elements of any size: 6.18 reads 4 dwords ahead of offset 0xff3.
    const room = (this.cpu.rflags & RFLAGS_DF) !== 0 ? inPage : 4096 - inPage;
    const fits = Math.min(room, PORT_DATA_BYTES / size, count);
    return fits === 0 ? 1 : fits;
  }

  /** OUT and OUTS: an element nobody takes waits for userspace, and the instruction goes on. */
  portOut(port: number, size: number, _string: boolean): StepResult {
    this.pio.out(port, size, this.words[0]!);
    return DONE;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_set_cr0, kvm_set_cr3, kvm_set_cr4
  /** Keeps a control register; a change of paging reads the PDPTEs and empties what is derived from the tables. */
  override writeControl(register: number): StepResult {
    const { cpu } = this;
    if (register === 8) return super.writeControl(8);
    const [lo, hi] = this.words;
    const cr0 = register === 0 ? lo! : cpu.cr0;
    const cr3 = register === 3 ? (hi! & 0xf_ffff) * 0x1_0000_0000 + (lo! >>> 0) : cpu.cr3;
    const cr4 = register === 4 ? lo! : cpu.cr4;
    const isPae = (cr0 & CR0_PG) !== 0 && (cr4 & CR4_PAE) !== 0 && (cpu.efer & EFER_LME) === 0;
    if (isPae && !this.#mmu.loadPdptes(cr3)) return protection(this);
    this.words[0] = lo!;
    this.words[1] = hi!;
    const result = super.writeControl(register);
    this.#mmu.reset();
    return result;
  }

  /** Keeps an MSR; EFER changes how page tables are read. */
  override writeMsr(index: number): StepResult {
    const result = super.writeMsr(index);
    if (index >>> 0 === 0xc000_0080) this.#mmu.reset();
    return result;
  }

  /** Forgets a page's translations. */
  override invalidatePage(lo: number, hi: number): StepResult {
    this.#mmu.invalidatePage(lo, hi);
    return DONE;
  }
}
