/**
 * A virtual CPU of the model.
 *
 * @module
 */
import { type CoalescedRing, VcpuFile } from "@ioeventfd/kvm-core";
import {
  type CountedWork,
  decodeRegs,
  decodeSregs,
  decodeVcpuExit,
  encodeRegs,
  encodeSregs,
  KVM_COALESCED_MMIO_PAGE_OFFSET,
  KVM_GET_REGS,
  KVM_GET_SREGS,
  KVM_INTERRUPT,
  KVM_RUN,
  KVM_SET_GUEST_DEBUG,
  KVM_SET_REGS,
  KVM_SET_SREGS,
  KvmError,
  type KvmVcpu,
  type Regs,
  type RunOptions,
  type Sregs,
  type VcpuExit,
} from "@ioeventfd/uapi";
import { apicBaseProblem, getRegs, getSregs, setRegs, setSregs } from "./_registers.ts";
import type { Vmcs } from "./hw/vmcs.ts";
import { VMCS_ENTRY_INTR } from "./hw/vmcs.ts";
import type { CpuState } from "./isa/contract.ts";
import { CR0_PE, CR0_PG, CR4_PAE, EFER_LMA } from "./isa/registers.ts";
import { LocalApic } from "./kvm/local_apic.ts";
import { RunLoop } from "./kvm/run_loop.ts";
import { ACTIVE, VcpuContext } from "./kvm/vcpu_context.ts";
import type { PageTables } from "./mmu/page_tables.ts";
import type { VmxVm } from "./vmx_vm.ts";
import { costOf } from "./work/cost_table.ts";
import type { WorkCounters } from "./work/work_counters.ts";
import { exitPaths, workNames } from "./work/work_counters.ts";

/** Counters that KVM keeps of a vCPU, as in debugfs. */
export interface VcpuStats {
  /** Exits to userspace for memory, counted as the release does. */
  readonly mmioExits: number;
  /** I/O instructions that left the guest. */
  readonly ioExits: number;
  /** MMIO SPTEs installed. */
  readonly pfMmioSpteCreated: number;
}

/**
 * A CPU with its VMCS, and KVM's part of it. It runs in the calling thread, until `run` comes back.
 *
 * @example Two bytes of real mode: OUT to a port nobody listens at
 * ```ts
 * import { VmxBackend } from "@ioeventfd/vmx-sim";
 *
 * using kvm = new VmxBackend().open();
 * using vm = kvm.createVm();
 * const { bytes, hva } = kvm.allocateMemory(0x1000);
 * bytes.set([0xe6, 0x10, 0xf4]); // out 0x10, al; hlt
 * vm.setMemoryRegion({ slot: 0, gpa: 0n, size: 0x1000n, hva });
 * using vcpu = vm.createVcpu(0);
 * const sregs = vcpu.getSregs();
 * vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } });
 * vcpu.setRegs({ ...vcpu.getRegs(), rip: 0n, rax: 0x5an });
 * const exit = vcpu.run();
 * if (exit.reason !== "io" || exit.data[0] !== 0x5a) throw new Error(exit.reason);
 * if (vcpu.run().reason !== "hlt") throw new Error("not halted");
 * ```
 */
export class VmxVcpu extends VcpuFile implements KvmVcpu {
  readonly #context: VcpuContext;
  readonly #loop: RunLoop;
  readonly #ring: CoalescedRing;
  #ringFirst = 0;
  #ringLast = 0;

  /**
   * A CPU after reset.
   *
   * @param vm Its VM
   * @param id Its id
   */
  constructor(vm: VmxVm, id: number) {
    super(vm, id);
    this.#ring = vm.ring;
    const { irqchipMode } = vm;
    const { lapicPageWhenOff } = vm.release.x86;
    const lapic = irqchipMode === "none" ? null : new LocalApic(id, lapicPageWhenOff);
    this.#context = new VcpuContext(id, vm.context, lapic, vm.irqchip !== null);
    this.#loop = new RunLoop(this.#context);
  }

  /** The mapping of its descriptor, 3 pages: `struct kvm_run`, port data, coalesced ring. */
  get kvmRun(): Uint8Array {
    return this.#context.run;
  }

  /** Its VMCS. */
  get vmcs(): Vmcs {
    return this.#context.vmcs;
  }

  /** Its registers, as the instruction set sees them. */
  get cpu(): CpuState {
    return this.#context.cpu;
  }

  /** What was counted. */
  get work(): WorkCounters {
    return this.#context.work;
  }

  /** The tables the CPU walks: the VM's EPT, or shadow tables of this vCPU. */
  get tables(): PageTables {
    return this.#context.tables;
  }

  /** Modelled cycles of the exits so far, by the cost table; 0 unless work is counted. */
  get cycles(): number {
    const { cycles, work } = this.#context;
    return work.counting ? cycles + costOf(work.current) : 0;
  }

  /** What was counted, by path and kind of work, paths without an exit left out. */
  countedWork(): CountedWork | null {
    const { work } = this.#context;
    if (!work.counting) return null;
    return Object.fromEntries(
      exitPaths.map((path) => [path, work.work(path)] as const)
        .filter(([, counts]) => workNames.some((name) => counts[name] !== 0)),
    );
  }

  /** KVM's statistics. */
  get stats(): VcpuStats {
    const { mmioExits, ioExits, mmioSptesCreated } = this.#context;
    return { mmioExits, ioExits, pfMmioSpteCreated: mmioSptesCreated };
  }

  /** Whether the guest runs a guest of its own: physical addresses of exits are then that guest's. */
  get guestMode(): boolean {
    return this.#context.guestMode;
  }

  set guestMode(isNested: boolean) {
    this.#context.guestMode = isNested;
  }

  /** `KVM_GUESTDBG_SINGLESTEP`. */
  get singleStep(): boolean {
    return this.#context.singleStep;
  }

  set singleStep(isOn: boolean) {
    this.#context.setSingleStep(isOn);
  }

  /** `KVM_GET_REGS`. */
  getRegs(): Regs {
    const { cpu, guestFlags } = this.#context;
    this.#loop.handlers.emulator.showRegisters();
    return { ...getRegs(cpu), rflags: BigInt(guestFlags >>> 0) };
  }

  /**
   * `KVM_SET_REGS`; takes back an exception that waits, but not an event whose delivery an exit cut short. A vCPU that
   * HLT put to sleep in the kernel sleeps on.
   */
  setRegs(regs: Regs): void {
    const context = this.#context;
    setRegs(context.cpu, regs);
    this.#loop.handlers.emulator.forgetRegisters();
    context.keepStep();
    if (!context.isRedelivery) context.words[VMCS_ENTRY_INTR] = 0;
  }

  /** `KVM_GET_SREGS`. */
  getSregs(): Sregs {
    return getSregs(this.#context.cpu, this.#apicBase);
  }

  get #apicBase(): bigint {
    const { apicBaseLo, apicBaseHi } = this.#context;
    return BigInt(apicBaseHi) << 32n | BigInt(apicBaseLo >>> 0);
  }

  set #apicBase(value: bigint) {
    const context = this.#context;
    context.apicBaseLo = Number(BigInt.asIntN(32, value));
    context.apicBaseHi = Number(value >> 32n);
    context.lapic?.setBase(context.apicBaseLo, context.apicBaseHi);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c __set_sregs_common
  /**
   * `KVM_SET_SREGS`. Real mode at the reset vector wakes the first vCPU from its HLT.
   *
   * @throws {KvmError} EINVAL for control registers that contradict each other, in releases that look
   */
  setSregs(sregs: Sregs): void {
    const { cpu, vm } = this.#context;
    const apicProblem = apicBaseProblem(sregs.apicBase, this.#apicBase);
    setSregs(cpu, sregs, vm.release.x86.validatesSregs, apicProblem);
    // A release that does not look takes any.
    this.#apicBase = sregs.apicBase;
    const isReset = cpu.rip[0] === 0xfff0 && cpu.rip[1] === 0 && (cpu.cr0 & CR0_PE) === 0 &&
      sregs.cs.selector === 0xf000 && sregs.cs.base === 0xffff_0000n;
    if (isReset && this.id === 0) this.#context.activity = ACTIVE;
    const { mmu } = this.#loop.handlers;
    const isPae = (cpu.cr0 & CR0_PG) !== 0 && (cpu.cr4 & CR4_PAE) !== 0 &&
      (cpu.efer & EFER_LMA) === 0;
    if (isPae) mmu.loadPdptes(cpu.cr3);
    mmu.reset();
  }

  /**
   * `KVM_RUN`, up to the next exit to userspace.
   *
   * @param options When to give up with `intr`
   * @returns The exit; its `data` lies in the mapping and is good until the next `run`
   */
  run(options: RunOptions = {}): VcpuExit {
    const { maxInstructions = Infinity, timeoutMs = Infinity } = options;
    this.#takeRing();
    const isInterrupted = this.#loop.run(maxInstructions, timeoutMs);
    this.#showRing();
    return isInterrupted ? { reason: "intr" } : decodeVcpuExit(this.#context.runView);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c kvm_vcpu_ioctl_interrupt
  #interrupt(vector: number): void {
    const { hasPic, lapic } = this.#context;
    if (hasPic) {
      throw new KvmError("ENXIO", { check: "irqchip", detail: "The PIC is the kernel's" });
    }
    if (lapic !== null && this.#loop.pendingInterrupt >= 0) {
      throw new KvmError("EEXIST", { check: "vector", detail: "An interrupt waits already" });
    }
    this.#loop.pendingInterrupt = vector;
  }

  /** Userspace moves the ring's indexes in the mapping, or in the VM's own page: the one that changed counts. */
  #takeRing(): void {
    const { runView: view } = this.#context;
    const first = view.getUint32(ringOffset, true);
    const last = view.getUint32(ringOffset + 4, true);
    if (first !== this.#ringFirst) this.#ring.first = first;
    if (last !== this.#ringLast) this.#ring.last = last;
  }

  /** Brings the mapping's third page up to date with the ring, which all vCPUs of the VM share. */
  #showRing(): void {
    const ring = this.#ring;
    if (ring.first === this.#ringFirst && ring.last === this.#ringLast) return;
    this.#context.run.set(ring.bytes, ringOffset);
    this.#ringFirst = ring.first;
    this.#ringLast = ring.last;
  }

  /**
   * The raw door: any ioctl of a vCPU descriptor.
   *
   * @param request ioctl number
   * @param arg Its argument; filled in by those that read
   * @returns What the ioctl returns
   * @throws {KvmError} EINTR of an interrupted `KVM_RUN`, EFAULT, EINVAL
   */
  override ioctl(request: number, arg: Uint8Array | number = 0): number {
    switch (request) {
      case KVM_RUN:
        if (arg !== 0) {
          throw new KvmError("EINVAL", { check: "argument", detail: "The argument is not 0x0" });
        }
        if (this.run().reason === "intr") {
          throw new KvmError("EINTR", { check: "signal", detail: "KVM_RUN was interrupted" });
        }
        return 0;
      case KVM_GET_REGS:
        pointed(arg, 144).set(encodeRegs(this.getRegs()));
        return 0;
      case KVM_SET_REGS:
        this.setRegs(decodeRegs(pointed(arg, 144)));
        return 0;
      case KVM_GET_SREGS:
        pointed(arg, 312).set(encodeSregs(this.getSregs()));
        return 0;
      case KVM_SET_SREGS:
        this.setSregs(decodeSregs(pointed(arg, 312)));
        return 0;
      case KVM_SET_GUEST_DEBUG:
        this.singleStep = (pointed(arg, 72)[0]! & 3) === 3;
        return 0;
      case KVM_INTERRUPT: {
        const vector = new DataView(pointed(arg, 4).slice().buffer).getUint32(0, true);
        if (vector > 255) {
          throw new KvmError("EINVAL", {
            check: "vector",
            detail: `No vector 0x${vector.toString(16)}`,
          });
        }
        this.#interrupt(vector);
        return 0;
      }
      default:
        return super.ioctl(request, arg);
    }
  }
}

/** Third page of the mapping. */
const ringOffset = KVM_COALESCED_MMIO_PAGE_OFFSET * 4096;

/** What copy_from_user gets, from callers that heed no types either. */
function pointed(arg: unknown, size: number): Uint8Array {
  if (ArrayBuffer.isView(arg) && arg.byteLength >= size) {
    return new Uint8Array(arg.buffer, arg.byteOffset, arg.byteLength);
  }
  throw new KvmError("EFAULT", {
    check: "argument",
    detail: `The argument has not 0x${size.toString(16)} bytes`,
  });
}
