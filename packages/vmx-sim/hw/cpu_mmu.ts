/**
 * How the CPU reaches memory: translation caches, its own walk of the guest's page tables, and the EPT or shadow tables
 * that KVM built. An access the tables refuse becomes a VM exit.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import type { CpuState, Fault, StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import * as registers from "../isa/registers.ts";
import type { GuestMemory } from "../mmu/guest_memory.ts";
import * as guestMemory from "../mmu/guest_memory.ts";
import type { EntryPort, WalkResult } from "../mmu/guest_page_walker.ts";
import { GuestPageWalker } from "../mmu/guest_page_walker.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import type { PageTables } from "../mmu/page_tables.ts";
import type { WorkCounters } from "../work/work_counters.ts";
import * as counters from "../work/work_counters.ts";
import type { AccessKind } from "./_translation_cache.ts";
import * as translationCache from "./_translation_cache.ts";
import type { Vmcs } from "./vmcs.ts";
import * as vmcs from "./vmcs.ts";

export type { AccessKind } from "./_translation_cache.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CR4_SMAP } = registers;
const {
  EPT_VIOLATION_ACC_INSTR,
  EPT_VIOLATION_ACC_READ,
  EPT_VIOLATION_ACC_WRITE,
  EPT_VIOLATION_GVA_IS_VALID,
  EPT_VIOLATION_GVA_TRANSLATED,
  EXIT_REASON_EPT_MISCONFIG,
  EXIT_REASON_EPT_VIOLATION,
  EXIT_REASON_EXCEPTION_NMI,
} = uapi;
const { DONE, FAULTED, STOPPED } = contract;
const { readWord } = guestMemory;
const { ACCESS_FETCH, ACCESS_USER, ACCESS_WRITE, WALK_FAULT, WALK_STOPPED, WALKED } = pageWalker;
const { S_EPT_READS, S_GUEST_READS, S_TLB_MISSES } = counters;
const {
  VMCS_EXIT_REASON,
  VMCS_INTR_ERROR,
  VMCS_INTR_INFO,
  VMCS_LINEAR,
  VMCS_PHYSICAL,
  VMCS_QUALIFICATION,
} = vmcs;

const {
  CACHE_ENTRIES,
  CACHE_WORDS,
  cacheIndex,
  FETCH,
  GPA_HI,
  GPA_LO,
  LEAF,
  LEAF_OF_RAM,
  LEAF_UNKNOWN,
  OFFSET,
  TAG_HI,
  TAG_LO,
  TAG_USER,
  WRITE,
} = translationCache;

const NO_BYTES = new Uint8Array(0);

/** The memory side of one CPU. */
export class CpuMmu implements EntryPort {
  /** The translation cache; `_translation_cache.ts` has its layout. */
  readonly cache: Int32Array = new Int32Array(CACHE_ENTRIES * CACHE_WORDS);
  /** Host bytes of the pages in the cache, by entry. */
  readonly pages: Uint8Array[] = Array<Uint8Array>(CACHE_ENTRIES).fill(NO_BYTES);
  /** Host bytes of the page translated last. */
  bytes: Uint8Array = NO_BYTES;
  /** Where that page begins in `bytes`. */
  offset = 0;
  /** Whether the translation may be cached for writes; asked of pages about to be. */
  cacheWrites: (bytes: Uint8Array, offset: number) => boolean = () => true;
  /** Entry read last, for the walker, low half. */
  entryLo = 0;
  /** Its high half. */
  entryHi = 0;
  /** Walker of the guest's page tables. */
  readonly walker: GuestPageWalker = new GuestPageWalker();
  readonly #cpu: CpuState;
  readonly #words: Int32Array = new Int32Array(0);
  readonly #memory: GuestMemory;
  readonly #tables: PageTables;
  readonly #ept: boolean;
  readonly #fault: Fault;
  readonly #work: Float64Array = new Float64Array(0);
  #linearLo = 0;
  #linearHi = 0;
  #lastLeaf = -1;

  /**
   * The memory side of one CPU.
   *
   * @param cpu State of the CPU
   * @param vmcs Where its exits go
   * @param memory The VM's memory
   * @param tables EPT or shadow tables, which KVM fills
   * @param paging Which of the two
   * @param fault Filled in when an access faults
   * @param work Its counters
   */
  constructor(
    cpu: CpuState,
    vmcs: Vmcs,
    memory: GuestMemory,
    tables: PageTables,
    paging: "ept" | "shadow",
    fault: Fault,
    work: WorkCounters,
  ) {
    this.#cpu = cpu;
    this.#words = vmcs.words;
    this.#memory = memory;
    this.#tables = tables;
    this.#ept = paging === "ept";
    this.#fault = fault;
    this.#work = work.silicon;
  }

  /** Forgets every translation. */
  flush(): void {
    this.cache.fill(0);
  }

  /** Forgets the translations for writes. */
  flushWrites(): void {
    this.cache.fill(0, WRITE, FETCH);
  }

  /**
   * Finds the host bytes under a linear address.
   *
   * @param lo Linear address, low word
   * @param hi Linear address, high word
   * @param kind What for
   * @param tag `TAG_USER` for an access that user pages must allow
   * @param modify The read of a read-modify-write: translated for writing
   * @returns `DONE` with `bytes` and `offset`, `STOPPED` with an exit in the VMCS, or `FAULTED`
   */
  translate(lo: number, hi: number, kind: AccessKind, tag: number, modify: boolean): StepResult {
    this.#linearLo = lo;
    this.#linearHi = hi;
    const set = modify ? WRITE : kind;
    const { cache } = this;
    const at = cacheIndex(lo, set);
    const wanted = (lo & 0xffff_f000) | tag;
    const isCached = cache[at] === wanted && cache[at + TAG_HI] === hi;
    if (isCached && cache[at + LEAF] === LEAF_OF_RAM) {
      this.bytes = this.pages[at >> 3]!;
      this.offset = cache[at + OFFSET]!;
      return DONE;
    }
    if (!this.#ept) {
      const result = this.#shadow(lo, hi, kind, tag, modify);
      if (result === DONE) this.#remember(at, wanted, hi, set);
      return result;
    }
    if (!isCached) {
      this.#work[S_TLB_MISSES]!++;
      const access = (set === WRITE ? ACCESS_WRITE : kind === FETCH ? ACCESS_FETCH : 0) |
        (tag === TAG_USER ? ACCESS_USER : 0);
      const walk = this.walker.walk(this.#cpu, this, lo, hi, access);
      if (walk === WALK_STOPPED) return STOPPED;
      if (walk === WALK_FAULT) return this.#pageFault(this.walker.errorCode);
      cache[at + GPA_LO] = this.walker.gpaLo & 0xffff_f000;
      cache[at + GPA_HI] = this.walker.gpaHi;
      cache[at + TAG_LO] = this.#isCacheable(tag) ? wanted : 0;
      cache[at + TAG_HI] = hi;
    }
    const qualification =
      (kind === FETCH
        ? EPT_VIOLATION_ACC_INSTR
        : modify
        ? EPT_VIOLATION_ACC_READ | EPT_VIOLATION_ACC_WRITE
        : kind === WRITE
        ? EPT_VIOLATION_ACC_WRITE
        : EPT_VIOLATION_ACC_READ) | EPT_VIOLATION_GVA_TRANSLATED;
    const gpaLo = cache[at + GPA_LO]! | (lo & 0xfff);
    const result = this.#extended(gpaLo, cache[at + GPA_HI]!, qualification);
    cache[at + LEAF] = this.#lastLeaf < 0 ? LEAF_UNKNOWN : this.#lastLeaf;
    if (result === DONE && cache[at] === wanted) this.#remember(at, wanted, hi, set);
    return result;
  }

  /** Reads a guest page table entry, through EPT. */
  readEntry(lo: number, hi: number, size: number): WalkResult {
    this.#work[S_GUEST_READS]!++;
    if (this.#extended(lo, hi, EPT_VIOLATION_ACC_READ) !== DONE) return WALK_STOPPED;
    const at = this.offset + (lo & 0xfff);
    this.entryLo = readWord(this.bytes, at);
    this.entryHi = size === 8 ? readWord(this.bytes, at + 4) : 0;
    return WALKED;
  }

  /** Sets accessed and dirty bits in a guest page table entry. */
  markEntry(lo: number, hi: number, bits: number): WalkResult {
    const access = EPT_VIOLATION_ACC_READ | EPT_VIOLATION_ACC_WRITE;
    if (this.#extended(lo, hi, access) !== DONE) return WALK_STOPPED;
    this.bytes[this.offset + (lo & 0xfff)]! |= bits;
    return WALKED;
  }

  /**
   * An access to a cached translation to a page that is no RAM: true for an EPT misconfig, which is then in the VMCS.
   *
   * @param at Index in the cache
   * @param lo Linear address, low word
   */
  misconfigures(at: number, lo: number): boolean {
    const { cache } = this;
    const leaf = cache[at + LEAF]!;
    if (leaf < 0 || (this.#tables.words[leaf]! & 3) !== 2) return false;
    this.#work[S_EPT_READS]!++;
    const words = this.#words;
    words[VMCS_EXIT_REASON] = EXIT_REASON_EPT_MISCONFIG;
    words[VMCS_PHYSICAL] = cache[at + GPA_LO]! | (lo & 0xfff);
    words[VMCS_PHYSICAL + 1] = cache[at + GPA_HI]!;
    words[VMCS_QUALIFICATION] = 0;
    words[VMCS_QUALIFICATION + 1] = 0;
    return true;
  }

  /**
   * A write of which is known that its instruction met an EPT misconfig the last time: true when it does so again, by a
   * cached translation.
   *
   * @param lo Linear address, low word
   * @param hi Linear address, high word
   * @param size Bytes
   * @param tag `TAG_USER` or `TAG_SUPERVISOR`
   */
  storeMisconfigures(lo: number, hi: number, size: number, tag: number): boolean {
    const { cache } = this;
    const at = cacheIndex(lo, WRITE);
    return cache[at] === ((lo & 0xffff_f000) | tag) && cache[at + TAG_HI] === hi &&
      (lo & 0xfff) + size <= 4096 && this.misconfigures(at, lo);
  }

  /** The EPT's word on an access: host bytes, or an exit. */
  #extended(lo: number, hi: number, access: number): StepResult {
    const tables = this.#tables;
    const at = tables.find(lo, hi);
    this.#lastLeaf = at;
    this.#work[S_EPT_READS]! += tables.entriesRead;
    const entry = at < 0 ? 0 : tables.words[at]!;
    const allowed = entry & 7;
    if ((allowed & 3) === 2) {
      this.#words[VMCS_EXIT_REASON] = EXIT_REASON_EPT_MISCONFIG;
      this.#words[VMCS_PHYSICAL] = lo;
      this.#words[VMCS_PHYSICAL + 1] = hi;
      this.#words[VMCS_QUALIFICATION] = 0;
      this.#words[VMCS_QUALIFICATION + 1] = 0;
      return STOPPED;
    }
    if ((access & 7 & ~allowed) === 0) {
      this.#memory.findHost(entry, tables.words[at + 1]! & 0xffff);
      this.bytes = this.#memory.bytes;
      this.offset = this.#memory.offset;
      return DONE;
    }
    const words = this.#words;
    words[VMCS_EXIT_REASON] = EXIT_REASON_EPT_VIOLATION;
    words[VMCS_PHYSICAL] = lo;
    words[VMCS_PHYSICAL + 1] = hi;
    words[VMCS_QUALIFICATION] = access | allowed << 3 | EPT_VIOLATION_GVA_IS_VALID;
    words[VMCS_QUALIFICATION + 1] = 0;
    words[VMCS_LINEAR] = this.#linearLo;
    words[VMCS_LINEAR + 1] = this.#linearHi;
    return STOPPED;
  }

  /** The shadow tables' word on an access: host bytes, or an exit for a page fault. */
  #shadow(lo: number, hi: number, kind: AccessKind, tag: number, modify: boolean): StepResult {
    const tables = this.#tables;
    this.#work[S_TLB_MISSES]!++;
    const at = tables.find(lo, hi);
    this.#work[S_GUEST_READS]! += tables.entriesRead;
    const entryLo = at < 0 ? 0 : tables.words[at]!;
    const entryHi = at < 0 ? 0 : tables.words[at + 1]!;
    const write = kind === WRITE || modify;
    const code = (write ? ACCESS_WRITE : 0) | (tag === TAG_USER ? ACCESS_USER : 0) |
      (kind === FETCH ? ACCESS_FETCH : 0);
    if ((entryLo & 1) === 0) return this.#pageFaultExit(code);
    if ((entryHi & 0x8_0000) !== 0) return this.#pageFaultExit(code | 9);
    if (
      write && (entryLo & 2) === 0 || tag === TAG_USER && (entryLo & 4) === 0 ||
      kind === FETCH && entryHi < 0
    ) return this.#pageFaultExit(code | 1);
    this.#memory.findHost(entryLo, entryHi & 0xffff);
    this.bytes = this.#memory.bytes;
    this.offset = this.#memory.offset;
    return DONE;
  }

  #remember(at: number, tag: number, hi: number, set: number): void {
    const { cache } = this;
    const isKept = set !== WRITE || this.cacheWrites(this.bytes, this.offset);
    cache[at] = isKept ? tag : 0;
    cache[at + TAG_HI] = hi;
    cache[at + OFFSET] = this.offset;
    cache[at + LEAF] = LEAF_OF_RAM;
    this.pages[at >> 3] = this.bytes;
  }

  /** With SMAP, whether a supervisor may read a user page changes with RFLAGS.AC: not cached. */
  #isCacheable(tag: number): boolean {
    return tag === TAG_USER || !this.walker.user || (this.#cpu.cr4 & CR4_SMAP) === 0;
  }

  #pageFault(errorCode: number): StepResult {
    const fault = this.#fault;
    fault.vector = 14;
    fault.errorCode = errorCode;
    fault.cr2Lo = this.#linearLo;
    fault.cr2Hi = this.#linearHi;
    fault.software = false;
    return FAULTED;
  }

  #pageFaultExit(errorCode: number): StepResult {
    const words = this.#words;
    words[VMCS_EXIT_REASON] = EXIT_REASON_EXCEPTION_NMI;
    words[VMCS_INTR_INFO] = 0x8000_0b0e | 0;
    words[VMCS_INTR_ERROR] = errorCode;
    words[VMCS_QUALIFICATION] = this.#linearLo;
    words[VMCS_QUALIFICATION + 1] = this.#linearHi;
    return STOPPED;
  }
}
