/**
 * What the parts of KVM share about one vCPU and its VM.
 *
 * @module
 */
import type { IoBus } from "@ioeventfd/kvm-core";
import { type KernelRelease, KVM_VCPU_MMAP_SIZE } from "@ioeventfd/uapi";
import type { DecodedCode } from "../hw/decoded_code.ts";
import { isDoubleFault, Silicon } from "../hw/silicon.ts";
import { Vmcs, VMCS_ENTRY_ERROR, VMCS_ENTRY_INTR } from "../hw/vmcs.ts";
import type { CpuState } from "../isa/contract.ts";
import { CS } from "../isa/contract.ts";
import { cpuMode, createCpuState } from "../isa/cpu_state.ts";
import { CR0_PE, RFLAGS_TF } from "../isa/registers.ts";
import type { GuestMemory } from "../mmu/guest_memory.ts";
import type { MmioSpteLayout } from "../mmu/mmio_spte.ts";
import { PageTables } from "../mmu/page_tables.ts";
import type { TraceSink } from "../trace/ftrace_writer.ts";
import { costOf } from "../work/cost_table.ts";
import { WorkCounters } from "../work/work_counters.ts";
import type { LocalApic } from "./local_apic.ts";

/** What a vCPU needs of its VM. */
export interface VmContext {
  /** Rules of the release. */
  readonly release: KernelRelease;
  /** `ept`, or `shadow` where the CPU has no second translation. */
  readonly paging: "ept" | "shadow";
  /** Guest memory. */
  readonly memory: GuestMemory;
  /** EPT of the VM; with shadow paging each vCPU has tables of its own. */
  readonly ept: PageTables;
  /** Layout of MMIO SPTEs. */
  readonly spteLayout: MmioSpteLayout;
  /** Module parameter `mmio_caching`: off, no MMIO SPTE is installed. */
  readonly mmioCaching: boolean;
  /** KVM itself runs under a hypervisor. */
  readonly hostIsVirtualised: boolean;
  /** Decoded instructions. */
  readonly code: DecodedCode;
  /** Work is added up. */
  readonly counting: boolean;
  /** Where trace events go. */
  readonly trace: TraceSink | null;
  /** What the CPU says of the instruction length at a misconfig, if not the truth. */
  readonly misconfigLength: number | null;
  /** The MMIO bus. */
  readonly mmioBus: IoBus;
  /** The PIO bus. */
  readonly pioBus: IoBus;
  /** The fast MMIO bus, where the release has one. */
  readonly fastBus: IoBus | null;
}

/** What waits for the return from userspace. */
export const COMPLETE_NOTHING = 0,
  COMPLETE_MMIO = 1,
  COMPLETE_PIO = 2,
  COMPLETE_FAST_IN = 3,
  COMPLETE_FAST_OUT = 4;

/** What a vCPU is doing. */
export const ACTIVE = 0, HALTED = 1, SHUT_DOWN = 2;

/** Bits of DR6 that say nothing by being set. */
export const DR6_ACTIVE_LOW: number = 0xffff_0ff0 | 0;

/** Frequency that turns modelled cycles into the microseconds of a trace. */
const cyclesPerMicrosecond = 2000;

/** One vCPU as KVM sees it. */
export class VcpuContext {
  /** Number given to `KVM_CREATE_VCPU`. */
  declare readonly id: number;
  /** Its VM. */
  declare readonly vm: VmContext;
  /** Registers. */
  readonly cpu: CpuState = createCpuState();
  /** Its VMCS. */
  readonly vmcs: Vmcs = new Vmcs();
  /** Words of the VMCS. */
  readonly words: Int32Array = this.vmcs.words;
  /** Work counted. */
  declare readonly work: WorkCounters;
  /** The CPU it runs on. */
  declare readonly silicon: Silicon;
  /** The tables the CPU walks: the VM's EPT, or shadow tables of its own. */
  declare readonly tables: PageTables;
  /** The mapping of the vCPU descriptor: `struct kvm_run`, PIO data, coalesced ring. */
  declare readonly run: Uint8Array;
  /** The same, by field. */
  declare readonly runView: DataView;
  /** The LAPIC, if in the kernel. */
  declare readonly lapic: LocalApic | null;
  /** The PIC is in the kernel, and userspace injects no interrupts. */
  declare readonly hasPic: boolean;
  /** IA32_APIC_BASE, low word: enabled, and of the CPU that boots if it is the first. */
  apicBaseLo: number = 0xfee0_0800 | 0;
  /** Its high word. */
  apicBaseHi = 0;
  /** The event that waits for the entry is one that the CPU began to deliver. */
  isRedelivery = false;
  /** Completion due on the next `KVM_RUN`: `COMPLETE_*`. */
  completion: number = COMPLETE_NOTHING;
  /** In the guest of the guest: the physical address of an exit is then L2's. */
  guestMode = false;
  /** `KVM_GUESTDBG_SINGLESTEP`. */
  singleStep = false;
  /** `ACTIVE`; `HALTED` with a LAPIC in the kernel and nothing to wake it; or `SHUT_DOWN` by a triple fault. */
  activity: number = ACTIVE;
  /** Modelled cycles of the exits that are over. */
  cycles = 0;
  /** `mmio_exits` statistic. */
  mmioExits = 0;
  /** `pf_mmio_spte_created` statistic. */
  mmioSptesCreated = 0;
  /** `io_exits` statistic. */
  ioExits = 0;
  readonly #trace: TraceSink | null;
  #stepLo = 0;
  #stepHi = 0;

  /**
   * The context of a vCPU as KVM creates it.
   *
   * @param id Number of the vCPU
   * @param vm Its VM
   * @param lapic Its LAPIC, if in the kernel
   * @param hasPic Whether the PIC is in the kernel too
   */
  constructor(id: number, vm: VmContext, lapic: LocalApic | null, hasPic: boolean) {
    this.id = id;
    this.vm = vm;
    this.lapic = lapic;
    this.hasPic = hasPic;
    if (id === 0) this.apicBaseLo |= 0x100;
    this.#trace = vm.trace;
    this.work = new WorkCounters(vm.counting || vm.trace !== null);
    this.tables = vm.paging === "ept" ? vm.ept : new PageTables(5, 7);
    this.run = new Uint8Array(KVM_VCPU_MMAP_SIZE);
    this.runView = new DataView(this.run.buffer);
    this.silicon = new Silicon({
      cpu: this.cpu,
      vmcs: this.vmcs,
      memory: vm.memory,
      tables: this.tables,
      paging: vm.paging,
      code: vm.code,
      work: this.work,
      rules: vm.release.x86,
      misconfigLength: vm.misconfigLength,
    });
  }

  /** Whether anybody listens: asked before the text of an event is made. */
  get isTracing(): boolean {
    return this.#trace !== null;
  }

  /** Emits a trace event. */
  trace(name: string, text: string): void {
    const cycles = this.cycles + costOf(this.work.current);
    this.#trace?.event(name, text, this.id, cycles / cyclesPerMicrosecond);
  }

  /** The exit in hand is over. */
  closeExit(): void {
    this.cycles += costOf(this.work.current);
    this.work.close();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_get_linear_rip
  /** Linear address of RIP, low word. */
  get linearRipLo(): number {
    const { cpu } = this;
    return cpuMode(cpu) === "prot64" ? cpu.rip[0]! : (cpu.rip[0]! + cpu.seg[CS]!.baseLo) | 0;
  }

  /** Its high word. */
  get linearRipHi(): number {
    return cpuMode(this.cpu) === "prot64" ? this.cpu.rip[1]! : 0;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl_set_guest_debug
  /** `KVM_GUESTDBG_SINGLESTEP` on or off: a debugger's TF, which the guest's own makes way for. */
  setSingleStep(isOn: boolean): void {
    const { cpu } = this;
    const flags = this.guestFlags;
    this.singleStep = isOn;
    this.#stepLo = this.linearRipLo;
    this.#stepHi = this.linearRipHi;
    cpu.rflags = flags;
    this.keepStep();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_get_rflags
  /** RFLAGS without a debugger's TF. */
  get guestFlags(): number {
    return this.singleStep ? this.cpu.rflags & ~RFLAGS_TF : this.cpu.rflags;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c __kvm_set_rflags
  /** RFLAGS were written: a debugger's TF is there again if RIP is where he asked for it. */
  keepStep(): void {
    const isThere = this.singleStep && this.linearRipLo === this.#stepLo &&
      this.linearRipHi === this.#stepHi;
    if (isThere) this.cpu.rflags |= RFLAGS_TF;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_multiple_exception
  /**
   * Queues an exception for the next entry, error code −1 for none. On top of one that waits it makes a double fault, a
   * triple fault, or takes its place.
   */
  queueException(vector: number, errorCode: number): void {
    // KERNEL 6.19 arch/x86/kvm/x86.c kvm_inject_exception: no error codes in real mode
    if ((this.cpu.cr0 & CR0_PE) === 0) errorCode = -1;
    this.isRedelivery = false;
    const waiting = this.words[VMCS_ENTRY_INTR]!;
    if (waiting < 0 && (waiting & 0x700) === 0x300) {
      const first = waiting & 0xff;
      if (first === 8) {
        this.activity = SHUT_DOWN;
        return;
      }
      if (isDoubleFault(first, vector)) {
        vector = 8;
        errorCode = 0;
      }
    }
    this.words[VMCS_ENTRY_INTR] = 0x8000_0300 | vector | (errorCode >= 0 ? 0x800 : 0);
    this.words[VMCS_ENTRY_ERROR] = errorCode >= 0 ? errorCode : 0;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.h kvm_clear_exception_queue
  /** Takes back an exception that waits, or is delivered once more: an instruction is emulated in its stead. */
  clearException(): void {
    const type = this.words[VMCS_ENTRY_INTR]! & 0x700;
    if (type === 0x300 || type === 0x600) this.words[VMCS_ENTRY_INTR] = 0;
  }

  /** Queues the event of a VMX interruption information field for the next entry. */
  queueEvent(info: number, errorCode: number): void {
    this.isRedelivery = true;
    this.words[VMCS_ENTRY_INTR] = info;
    this.words[VMCS_ENTRY_ERROR] = errorCode;
  }
}
