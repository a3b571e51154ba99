/**
 * A virtual machine of the model, with memory and CPUs.
 *
 * @module
 */
import { type IoBus, type Memslot, type SlotChange, Vm } from "@ioeventfd/kvm-core";
import {
  type KernelRelease,
  KVM_FAST_MMIO_BUS,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
} from "@ioeventfd/uapi";
import { DecodedCode } from "./hw/decoded_code.ts";
import type { VmContext } from "./kvm/vcpu_context.ts";
import { GuestMemory } from "./mmu/guest_memory.ts";
import type { MmioSpteLayout } from "./mmu/mmio_spte.ts";
import { comesRound, mmioGeneration, mmioSpteLayout } from "./mmu/mmio_spte.ts";
import { PageTables } from "./mmu/page_tables.ts";
import type { TraceSink } from "./trace/ftrace_writer.ts";
import type { VmxOptions } from "./vmx_options.ts";
import type { VmxSystem } from "./vmx_system.ts";
import { VmxVcpu } from "./vmx_vcpu.ts";

/** What the CPUs of a VM share. */
class Machine implements VmContext {
  readonly release: KernelRelease;
  readonly paging: "ept" | "shadow";
  readonly memory: GuestMemory = new GuestMemory();
  readonly ept: PageTables = new PageTables(4, 7);
  readonly spteLayout: MmioSpteLayout;
  readonly mmioCaching: boolean;
  readonly hostIsVirtualised: boolean;
  readonly code: DecodedCode = new DecodedCode();
  readonly counting: boolean;
  readonly trace: TraceSink | null;
  readonly misconfigLength: number | null;
  readonly mmioBus: IoBus;
  readonly pioBus: IoBus;
  readonly fastBus: IoBus | null;

  constructor(vm: Vm, options: VmxOptions) {
    this.release = vm.release;
    this.paging = options.paging ?? "ept";
    this.spteLayout = mmioSpteLayout(vm.release.x86, this.paging);
    this.mmioCaching = options.mmioCaching ?? true;
    this.hostIsVirtualised = options.hostIsVirtualised ?? false;
    this.counting = options.counting ?? false;
    this.trace = options.trace ?? null;
    this.misconfigLength = options.misconfigLength ?? null;
    this.mmioBus = vm.bus(KVM_MMIO_BUS);
    this.pioBus = vm.bus(KVM_PIO_BUS);
    this.fastBus = vm.release.ioeventfd.fastMmioBus === "none" ? null : vm.bus(KVM_FAST_MMIO_BUS);
  }
}

/** A VM whose vCPUs run. */
export class VmxVm extends Vm {
  /** @ignore What its CPUs share. */
  readonly context: VmContext;
  readonly #cpus: VmxVcpu[] = [];
  readonly #dirty = new Map<number, Uint8Array>();
  #generation: number;

  /**
   * An empty VM.
   *
   * @param kvm The open `/dev/kvm` that makes it
   * @param options How its CPUs are
   */
  constructor(kvm: VmxSystem, options: VmxOptions) {
    super(kvm);
    const machine = new Machine(this, options);
    this.context = machine;
    this.#generation = mmioGeneration(machine.spteLayout, this.slots.generation);
    machine.memory.setSlots([], this.slots.generation);
    this.slots.onSlotChange((change) => this.#slotChanged(change));
  }

  /** Its vCPUs, by the order they were made in. */
  get cpus(): readonly VmxVcpu[] {
    return this.#cpus;
  }

  /**
   * `KVM_CREATE_VCPU`.
   *
   * @param id vCPU id
   * @returns A CPU after reset
   * @throws {KvmError} EINVAL, EEXIST
   */
  override createVcpu(id: number): VmxVcpu {
    this.checkVcpu(id);
    const vcpu = this.addVcpu(new VmxVcpu(this, id));
    this.#cpus.push(vcpu);
    return vcpu;
  }

  /** `KVM_CREATE_VCPU` by the raw door. */
  override openVcpu(id: number): VmxVcpu {
    return this.createVcpu(id);
  }

  // KERNEL 3.16 arch/x86/kvm/x86.c kvm_arch_flush_shadow_memslot; 6.19 virt/kvm/kvm_main.c kvm_set_memslot
  #slotChanged({ kind, before, after }: SlotChange): void {
    const { memory, spteLayout } = this.context;
    if (after === null) this.#dirty.delete(before!.id);
    memory.setSlots(this.slots.slots.map((slot) => this.#memorySlot(slot)), this.slots.generation);
    const generation = mmioGeneration(spteLayout, this.slots.generation);
    // CREATE leaves what is mapped as it was, unless the generation comes round; DELETE and MOVE zap all there is.
    const isGone = kind === "delete" || kind === "move";
    if (isGone || comesRound(spteLayout, this.#generation, generation)) this.#zap(null);
    else if (kind === "flags") this.#zap(before);
    this.#generation = generation;
  }

  #memorySlot(slot: Memslot) {
    const { id, start, end, hva, bytes, flags, readonly } = slot;
    const pages = (end - start) / 4096;
    let dirtyBitmap: Uint8Array | null = null;
    if ((flags & KVM_MEM_LOG_DIRTY_PAGES) !== 0) {
      dirtyBitmap = this.#dirty.get(id) ?? new Uint8Array(Math.ceil(pages / 64) * 8);
      this.#dirty.set(id, dirtyBitmap);
    } else this.#dirty.delete(id);
    return {
      page: start / 4096,
      pages,
      bytes,
      offset: 0,
      hva: Number(hva),
      readOnly: readonly,
      dirtyBitmap,
    };
  }

  /** Takes away what the tables have of a slot, or of everything. */
  #zap(slot: Memslot | null): void {
    const { ept } = this.context;
    if (slot === null) ept.zapAll();
    else ept.zapRange(slot.start / 4096, (slot.end - slot.start) / 4096);
    if (this.context.paging === "ept") return;
    for (const cpu of this.#cpus) cpu.tables.zapAll();
  }
}
