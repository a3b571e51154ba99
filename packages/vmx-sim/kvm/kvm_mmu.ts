/**
 * KVM's MMU: what it does about a fault in the tables it built, and the cache of the page it last took for MMIO.
 *
 * @module
 */
import type { X86Rules } from "@ioeventfd/uapi";
import { cpl } from "../isa/cpu_state.ts";
import * as registers from "../isa/registers.ts";
import * as guestMemory from "../mmu/guest_memory.ts";
import type { EntryPort, WalkResult } from "../mmu/guest_page_walker.ts";
import { GuestPageWalker } from "../mmu/guest_page_walker.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import {
  isMmioSpte,
  mmioGeneration,
  mmioSpteGeneration,
  mmioSpteHi,
  mmioSpteLo,
} from "../mmu/mmio_spte.ts";
import {
  checkMmioSpteText,
  handleMmioPageFaultText,
  markMmioSpteText,
} from "../trace/tracepoint_text.ts";
import * as counters from "../work/work_counters.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CR0_PG } = registers;
const { readWord } = guestMemory;
const { ACCESS_USER, ACCESS_WRITE, forbids, WALK_FAULT, WALKED } = pageWalker;
const { W_DATA_READS, W_EPT_READS, W_FAULT_READS, W_INSTALLS } = counters;

/** Emulate the instruction. */
export const FAULT_EMULATE = 0;
/** Let the guest try again. */
export const FAULT_RETRY = 1;
/** The MMIO SPTE is out of date: take the full page fault path. */
export const FAULT_INVALID = 2;
/** An entry that cannot be: KVM gives up on the VM, or retries, by release. */
export const FAULT_BUG = 3;
/** The fault is the guest's own; its exception is queued. */
export const FAULT_GUEST = 4;

/** What to do about a fault. */
export type FaultResult = 0 | 1 | 2 | 3 | 4;

/** KVM's MMU of one vCPU. */
export class KvmMmu implements EntryPort {
  /** Entry read last, for the walker. */
  entryLo = 0;
  entryHi = 0;
  /** Column of work that reads of guest page tables count in. */
  readColumn: number = W_DATA_READS;
  /** Software walker of the guest's page tables. */
  readonly walker: GuestPageWalker;
  readonly #vcpu: VcpuContext;
  readonly #rules: X86Rules;
  readonly #ept: boolean;
  #cachedGvaLo = 0;
  #cachedGvaHi = 0;
  #cachedPageLo = 0;
  #cachedPageHi = 0;
  #cachedUser = true;
  #cachedWritable = true;
  #cachedGeneration = 0;

  /**
   * KVM's side of one vCPU's address translation.
   *
   * @param vcpu The vCPU it serves
   */
  constructor(vcpu: VcpuContext) {
    this.#vcpu = vcpu;
    this.#rules = vcpu.vm.release.x86;
    this.#ept = vcpu.vm.paging === "ept";
    this.walker = new GuestPageWalker(vcpu.silicon.mmu.walker.pdptes);
  }

  /** Whether the tables translate guest physical addresses: EPT, or shadow tables of a guest without paging. */
  get isDirect(): boolean {
    return this.#ept || (this.#vcpu.cpu.cr0 & CR0_PG) === 0;
  }

  /** Reads a guest page table entry in software, by memory slot. */
  readEntry(lo: number, hi: number, size: number): WalkResult {
    this.#vcpu.work.current[this.readColumn]!++;
    const memory = this.#vcpu.vm.memory;
    if (!memory.find(lo, hi)) return WALK_FAULT;
    const at = memory.offset + (lo & 0xfff);
    this.entryLo = readWord(memory.bytes, at);
    this.entryHi = size === 8 ? readWord(memory.bytes, at + 4) : 0;
    return WALKED;
  }

  /** Sets accessed and dirty bits in a guest page table entry; read-only memory is passed over. */
  markEntry(lo: number, hi: number, bits: number): WalkResult {
    const memory = this.#vcpu.vm.memory;
    if (memory.find(lo, hi) && !memory.slot!.readOnly) {
      memory.bytes[memory.offset + (lo & 0xfff)]! |= bits;
      memory.markDirty(lo, hi);
    }
    return WALKED;
  }

  /** Translates in software, with the rights of the current privilege level. */
  translate(lo: number, hi: number, access: number, column: number): WalkResult {
    this.readColumn = column;
    return this.walker.walk(this.#vcpu.cpu, this, lo, hi, access);
  }

  /** `ACCESS_USER` at CPL 3, else 0. */
  get userAccess(): number {
    return cpl(this.#vcpu.cpu) === 3 ? ACCESS_USER : 0;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.h vcpu_match_mmio_gpa
  /** Whether a guest physical address is on the page last taken for MMIO. */
  matchesGpa(lo: number, hi: number): boolean {
    return (this.#cachedPageLo !== 0 || this.#cachedPageHi !== 0) && this.#isCurrent() &&
      (lo & 0xffff_f000) === this.#cachedPageLo && hi === this.#cachedPageHi;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.h vcpu_match_mmio_gva
  /** Whether a linear address is on that page, so that `cachedGpa*` translate it. */
  matchesGva(lo: number, hi: number): boolean {
    if (this.#cachedGvaLo === 0 && this.#cachedGvaHi === 0) return false;
    return (lo & 0xffff_f000) === this.#cachedGvaLo && hi === this.#cachedGvaHi &&
      this.#isCurrent();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c vcpu_mmio_gva_to_gpa
  /** Whether the guest's page tables, as they were then, allow an access to the page last taken for MMIO. */
  permitsCached(access: number): boolean {
    const { cpu } = this.#vcpu;
    return (cpu.cr0 & CR0_PG) === 0 ||
      !forbids(cpu, access, this.#cachedUser, this.#cachedWritable);
  }

  /** Page last taken for MMIO, low word. */
  get cachedGpaLo(): number {
    return this.#cachedPageLo;
  }

  /** Page last taken for MMIO, high word. */
  get cachedGpaHi(): number {
    return this.#cachedPageHi;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.h vcpu_clear_mmio_info
  /** Forgets which linear address led to the page last taken for MMIO; what page it is stays known. */
  clearCache(): void {
    this.#cachedGvaLo = this.#cachedGvaHi = 0;
  }

  /** Reads the PDPTEs of a new CR3; false when one is invalid. */
  loadPdptes(cr3: number): boolean {
    this.readColumn = W_DATA_READS;
    return this.walker.loadPdptes(cr3, this) === WALKED;
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c kvm_mmu_reset_context
  /** Control registers changed: the CPU forgets its translations, and KVM the shadow tables made for the old ones. */
  reset(): void {
    if (!this.#ept) this.#vcpu.tables.zapAll();
    this.clearCache();
    this.#vcpu.silicon.flush();
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c kvm_mmu_invlpg
  /** Forgets the translation of one page. */
  invalidatePage(lo: number, hi: number): void {
    if (!this.#ept) {
      const page = (hi >>> 0) * 0x10_0000 + (lo >>> 12);
      this.#vcpu.tables.zapRange(page % 2 ** 45, 1);
      if (this.matchesGva(lo, hi)) this.clearCache();
    }
    this.#vcpu.silicon.flush();
  }

  #isCurrent(): boolean {
    return !this.#rules.mmioCacheHasGeneration ||
      this.#cachedGeneration === this.#vcpu.vm.memory.generation;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.h vcpu_cache_mmio_info
  #cache(gvaLo: number, gvaHi: number, gpaLo: number, gpaHi: number): void {
    this.#cachedGvaLo = gvaLo & 0xffff_f000;
    this.#cachedGvaHi = gvaHi;
    this.#cachedPageLo = gpaLo & 0xffff_f000;
    this.#cachedPageHi = gpaHi;
    this.#cachedUser = this.walker.user;
    this.#cachedWritable = this.walker.writable;
    this.#cachedGeneration = this.#vcpu.vm.memory.generation;
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c kvm_tdp_page_fault, direct_page_fault, kvm_handle_noslot_fault
  /**
   * A fault in EPT: maps memory, or finds that there is none.
   *
   * @param access Page fault error code bits
   */
  directFault(lo: number, hi: number, access: number): FaultResult {
    this.walker.user = this.walker.writable = this.walker.dirty = true;
    this.walker.noExecute = false;
    return this.#map(lo, hi, lo, hi, access);
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/paging_tmpl.h page_fault
  /** A fault in the shadow tables: the guest's own, or a page to be mapped. */
  shadowFault(lo: number, hi: number, access: number): FaultResult {
    if (this.isDirect) return this.directFault(lo, hi, access);
    if (this.translate(lo, hi, access, W_FAULT_READS) === WALK_FAULT) {
      this.#vcpu.cpu.cr2Lo = lo;
      this.#vcpu.cpu.cr2Hi = hi;
      this.#vcpu.queueException(14, this.walker.errorCode);
      return FAULT_GUEST;
    }
    return this.#map(lo, hi, this.walker.gpaLo, this.walker.gpaHi, access);
  }

  /** Maps `gpa` at `key`, which is itself with EPT and a linear address with shadow tables. */
  #map(keyLo: number, keyHi: number, gpaLo: number, gpaHi: number, access: number): FaultResult {
    const { vm, tables, work } = this.#vcpu;
    const write = (access & ACCESS_WRITE) !== 0;
    if (!vm.memory.find(gpaLo, gpaHi)) {
      if (this.#ept) this.#cache(0, 0, gpaLo, gpaHi);
      else this.#cache(keyLo, keyHi, gpaLo, gpaHi);
      if (vm.mmioCaching) this.#markMmio(keyLo, keyHi, gpaLo, gpaHi);
      return FAULT_EMULATE;
    }
    const slot = vm.memory.slot!;
    if (slot.readOnly && write) return FAULT_EMULATE;
    if (write) vm.memory.markDirty(gpaLo, gpaHi);
    const { walker } = this;
    const mayWrite = !slot.readOnly && (slot.dirtyBitmap === null || write) &&
      (this.#ept || walker.dirty);
    const host = slot.hva + vm.memory.offset - slot.offset;
    const hostLo = host % 0x1_0000_0000 | 0;
    const hostHi = Math.floor(host / 0x1_0000_0000);
    work.current[W_INSTALLS]!++;
    if (this.#ept) {
      // Write-back memory type, read and execute, write where allowed.
      tables.set(keyLo, keyHi, hostLo | 0x35 | (mayWrite ? 2 : 0), hostHi);
      return FAULT_RETRY;
    }
    // A supervisor write to a read-only page without CR0.WP: writable, and hidden from user mode.
    const override = write && !walker.writable;
    const lo = hostLo | 0x21 | (mayWrite && (walker.writable || override) ? 2 : 0) |
      (walker.user && !override ? 4 : 0);
    tables.set(keyLo, keyHi, lo, hostHi | (walker.noExecute ? 0x8000_0000 : 0));
    return FAULT_RETRY;
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c mark_mmio_spte
  #markMmio(keyLo: number, keyHi: number, gpaLo: number, gpaHi: number): void {
    const { vm, tables, work } = this.#vcpu;
    const generation = mmioGeneration(vm.spteLayout, vm.memory.generation);
    const access = this.#ept ? 6 : (this.walker.writable ? 2 : 0) | (this.walker.user ? 4 : 0);
    const lo = mmioSpteLo(vm.spteLayout, gpaLo, generation) | access;
    tables.set(keyLo, keyHi, lo, mmioSpteHi(vm.spteLayout, gpaHi, generation));
    work.current[W_INSTALLS]!++;
    this.#vcpu.mmioSptesCreated++;
    if (this.#vcpu.isTracing) {
      const gfnLo = gpaLo >>> 12 | gpaHi << 20;
      const at = tables.find(keyLo, keyHi) / 2;
      // Since 5.15 from the entry itself, whose bit 0 says present to shadow paging.
      const shown = this.#rules.mmioSpte === "19-bit-low3" ? lo & 7 : access;
      const text = markMmioSpteText(at, gfnLo, gpaHi >>> 12, shown, generation);
      this.#vcpu.trace("mark_mmio_spte", text);
    }
  }

  // KERNEL 6.19 arch/x86/kvm/mmu/mmu.c handle_mmio_page_fault
  /** A fault on an MMIO SPTE: is it still right? */
  mmioFault(lo: number, hi: number): FaultResult {
    const { vm, tables, work } = this.#vcpu;
    const isNested = this.#vcpu.guestMode && !this.#rules.mmioCacheServesL2;
    const isCached = this.isDirect ? !isNested && this.matchesGpa(lo, hi) : this.matchesGva(lo, hi);
    if (isCached) return FAULT_EMULATE;
    const at = tables.find(lo, hi);
    work.current[W_EPT_READS]! += tables.entriesRead;
    const entryLo = at < 0 ? 0 : tables.words[at]!;
    const entryHi = at < 0 ? 0 : tables.words[at + 1]!;
    if (!isMmioSpte(vm.spteLayout, entryLo, entryHi)) {
      const isPresent = entryLo !== 0;
      return isPresent && this.#rules.misconfigOnPresentSpte === "bug-exit"
        ? FAULT_BUG
        : FAULT_RETRY;
    }
    const current = mmioGeneration(vm.spteLayout, vm.memory.generation);
    const carried = mmioSpteGeneration(vm.spteLayout, entryLo, entryHi);
    const isValid = current === carried;
    if (this.#vcpu.isTracing) {
      const text = checkMmioSpteText(entryLo, entryHi, current, carried, isValid);
      this.#vcpu.trace("check_mmio_spte", text);
    }
    if (!isValid) return FAULT_INVALID;
    const gpaLo = this.isDirect ? lo : entryLo & 0xffff_f000;
    const gpaHi = this.isDirect ? hi : entryHi & 0xffff;
    const access = this.#ept ? 0 : entryLo & (ACCESS_WRITE | ACCESS_USER);
    if (this.isDirect) lo = hi = 0;
    if (this.#vcpu.isTracing) {
      const gfnLo = gpaLo >>> 12 | gpaHi << 20;
      const text = handleMmioPageFaultText(lo, hi, gfnLo, gpaHi >>> 12, access);
      this.#vcpu.trace("handle_mmio_page_fault", text);
    }
    this.walker.user = (access & ACCESS_USER) !== 0;
    this.walker.writable = (access & ACCESS_WRITE) !== 0;
    this.#cache(lo, hi, gpaLo, gpaHi);
    return FAULT_EMULATE;
  }
}
