/**
 * Guest page tables, walked in software: 4- and 5-level long mode, PAE, 32-bit with PSE, and none. The CPU walks them
 * so, and so does KVM's emulator; what differs is the door to the entries, and who counts the reads.
 *
 * @module
 */
import type { CpuState } from "../isa/contract.ts";
import * as registers from "../isa/registers.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const {
  CR0_PG,
  CR0_WP,
  CR4_LA57,
  CR4_PAE,
  CR4_PSE,
  CR4_SMAP,
  CR4_SMEP,
  EFER_LMA,
  EFER_NXE,
  RFLAGS_AC,
} = registers;

/** The translation is there: `gpaLo`, `gpaHi` and the rest hold. */
export const WALKED = 0;
/** The door stopped it (an EPT exit on a page table). Nothing changed. */
export const WALK_STOPPED = 1;
/** A page fault, its error code in `errorCode`. */
export const WALK_FAULT = 2;

/** What a walk came to. */
export type WalkResult = 0 | 1 | 2;

/** Where the entries of guest page tables are read and marked. */
export interface EntryPort {
  /** Low word of the entry read. */
  entryLo: number;
  /** High word of the entry read; 0 for a 32-bit entry. */
  entryHi: number;
  /**
   * Reads an entry of 4 or 8 bytes at a guest physical address.
   *
   * @returns `WALKED`, `WALK_STOPPED`, or `WALK_FAULT` where there is no memory
   */
  readEntry(lo: number, hi: number, size: number): WalkResult;
  /** Sets accessed and dirty bits in the low word of an entry. Memory that refuses is passed over. */
  markEntry(lo: number, hi: number, bits: number): WalkResult;
}

const PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40, LARGE = 0x80;
/** Bits of `access`, which are the page fault error code's. */
export const ACCESS_WRITE = 2, ACCESS_USER = 4, ACCESS_FETCH = 16;

/** Guest physical address bits, in a model whose EPT has four levels. */
export const MAXPHYADDR = 48;
const RESERVED_HI = (0xf_ffff << (MAXPHYADDR - 32)) & 0xf_ffff;

/** One translation after another; the last one's result stays in its fields. */
export class GuestPageWalker {
  /** Guest physical address, low word. */
  gpaLo = 0;
  /** Guest physical address, high word. */
  gpaHi = 0;
  /** Error code of the page fault. */
  errorCode = 0;
  /** Every level allows writes. */
  writable = true;
  /** Every level allows user access. */
  user = true;
  /** Some level forbids fetches. */
  noExecute = false;
  /** The leaf's dirty bit is set, by this walk or before. */
  dirty = true;
  /** log2 of the page size: 12, 21, 22 or 30. */
  pageShift = 12;
  /** The four PDPTEs of PAE paging, two words each, as the last `loadPdptes` read them. */
  readonly pdptes: Int32Array;
  readonly #visited = new Int32Array(10);

  /**
   * A walker of one vCPU.
   *
   * @param pdptes Where the PDPTEs of PAE paging are kept; the CPU and KVM share them
   */
  constructor(pdptes: Int32Array = new Int32Array(8)) {
    this.pdptes = pdptes;
  }

  /**
   * Reads the PDPTEs, as a write of CR3 does with PAE paging.
   *
   * @param cr3 The new CR3
   * @returns `WALK_FAULT` when one is invalid, and then all keep their values
   */
  loadPdptes(cr3: number, port: EntryPort): WalkResult {
    const base = cr3 & 0xffff_ffe0;
    const read = new Int32Array(8);
    for (let i = 0; i < 4; i++) {
      const result = port.readEntry(base + i * 8, 0, 8);
      if (result !== WALKED) return result;
      const reserved = (port.entryLo & 0x1e6) | (port.entryHi & (RESERVED_HI | 0xfff0_0000));
      if ((port.entryLo & PRESENT) !== 0 && reserved !== 0) return WALK_FAULT;
      read[i * 2] = port.entryLo;
      read[i * 2 + 1] = port.entryHi;
    }
    this.pdptes.set(read);
    return WALKED;
  }

  /**
   * Translates a linear address.
   *
   * @param access `ACCESS_WRITE`, `ACCESS_USER`, `ACCESS_FETCH`, added up
   */
  walk(cpu: CpuState, port: EntryPort, lo: number, hi: number, access: number): WalkResult {
    this.writable = this.user = this.dirty = true;
    this.noExecute = false;
    if ((cpu.cr0 & CR0_PG) === 0) {
      this.gpaLo = lo;
      this.gpaHi = hi;
      this.pageShift = 12;
      return WALKED;
    }
    let tableLo: number;
    let tableHi = 0;
    let level: number;
    let size = 8;
    const long = (cpu.efer & EFER_LMA) !== 0;
    if (long) {
      tableLo = cpu.cr3 & 0xffff_f000;
      tableHi = Math.floor(cpu.cr3 / 0x1_0000_0000) & 0xf_ffff;
      level = (cpu.cr4 & CR4_LA57) !== 0 ? 5 : 4;
    } else if ((cpu.cr4 & CR4_PAE) !== 0) {
      const i = (lo >>> 30) * 2;
      tableLo = this.pdptes[i]!;
      tableHi = this.pdptes[i + 1]!;
      if ((tableLo & PRESENT) === 0) return this.#fault(cpu, access, 0);
      tableLo &= 0xffff_f000;
      level = 2;
    } else {
      tableLo = cpu.cr3 & 0xffff_f000;
      level = 2;
      size = 4;
    }
    const noExecuteEnabled = (cpu.efer & EFER_NXE) !== 0;
    const visited = this.#visited;
    let count = 0;
    let unmarked = 0;
    let entryLo = 0;
    let entryHi = 0;
    for (;; level--) {
      const shift = size === 4 ? (level === 2 ? 22 : 12) : 12 + (level - 1) * 9;
      const atLo = tableLo + indexOf(lo, hi, shift, size);
      const result = port.readEntry(atLo, tableHi, size);
      if (result === WALK_STOPPED) return WALK_STOPPED;
      if (result === WALK_FAULT) return this.#fault(cpu, access, 0);
      entryLo = port.entryLo;
      entryHi = port.entryHi;
      if ((entryLo & PRESENT) === 0) return this.#fault(cpu, access, 0);
      if ((entryLo & ACCESSED) === 0) unmarked |= 1 << count;
      visited[count++] = atLo;
      visited[count++] = tableHi;
      const leaf = level === 1 || ((entryLo & LARGE) !== 0 && isLargeLevel(cpu, level, size));
      if (
        size === 8
          ? isReserved(entryLo, entryHi, level, leaf, noExecuteEnabled, long)
          : leaf && level === 2 && (entryLo & 0x20_0000) !== 0
      ) {
        return this.#fault(cpu, access, 9);
      }
      this.writable &&= (entryLo & WRITABLE) !== 0;
      this.user &&= (entryLo & USER) !== 0;
      this.noExecute ||= entryHi < 0;
      if (leaf) {
        this.pageShift = shift;
        break;
      }
      tableLo = entryLo & 0xffff_f000;
      tableHi = entryHi & 0xf_ffff;
    }
    if (forbids(cpu, access, this.user, this.writable) || this.#forbidsFetch(cpu, access)) {
      return this.#fault(cpu, access, 1);
    }

    let bits = ACCESSED;
    if ((access & ACCESS_WRITE) !== 0 && (entryLo & DIRTY) === 0) {
      unmarked |= 1 << (count - 2);
      entryLo |= DIRTY;
      bits |= DIRTY;
    }
    this.dirty = (entryLo & DIRTY) !== 0;
    for (let i = 0; unmarked !== 0; i += 2) {
      if ((unmarked & (1 << i)) === 0) continue;
      unmarked ^= 1 << i;
      const result = port.markEntry(
        visited[i]!,
        visited[i + 1]!,
        i === count - 2 ? bits : ACCESSED,
      );
      if (result === WALK_STOPPED) return WALK_STOPPED;
    }
    const offset = this.pageShift === 12 ? 0xfff : (1 << this.pageShift) - 1;
    this.gpaLo = (entryLo & ~offset & 0xffff_f000) | (lo & offset);
    this.gpaHi = size === 8
      ? entryHi & 0xf_ffff
      : this.pageShift === 22
      ? (entryLo >>> 13) & 0xff
      : 0;
    return WALKED;
  }

  #forbidsFetch(cpu: CpuState, access: number): boolean {
    if ((access & ACCESS_FETCH) === 0) return false;
    const isSmep = (access & ACCESS_USER) === 0 && this.user && (cpu.cr4 & CR4_SMEP) !== 0;
    return this.noExecute || isSmep;
  }

  #fault(cpu: CpuState, access: number, bits: number): WalkResult {
    const fetchTold = (cpu.efer & EFER_NXE) !== 0 && (cpu.cr4 & CR4_PAE) !== 0 ||
      (cpu.cr4 & CR4_SMEP) !== 0;
    this.errorCode = (fetchTold ? access : access & ~ACCESS_FETCH) | bits;
    return WALK_FAULT;
  }
}

// KERNEL 6.19 arch/x86/kvm/mmu.h permission_fault
/** Whether a page that users may reach, and that may be written, is forbidden to an access; fetches apart. */
export function forbids(
  cpu: CpuState,
  access: number,
  user: boolean,
  writable: boolean,
): boolean {
  const isUser = (access & ACCESS_USER) !== 0;
  if (isUser && !user) return true;
  if ((access & ACCESS_WRITE) !== 0 && !writable && (isUser || (cpu.cr0 & CR0_WP) !== 0)) {
    return true;
  }
  return !isUser && user && (access & ACCESS_FETCH) === 0 && (cpu.cr4 & CR4_SMAP) !== 0 &&
    (cpu.rflags & RFLAGS_AC) === 0;
}

/** Byte offset in a table of the entry for an address. */
function indexOf(lo: number, hi: number, shift: number, size: number): number {
  if (size === 4) return ((lo >>> shift) & 0x3ff) * 4;
  const index = shift < 30
    ? lo >>> shift
    : shift === 30
    ? (lo >>> 30) | (hi << 2)
    : hi >>> (shift - 32);
  return (index & 0x1ff) * 8;
}

/** Bit 7 means a large page at this level. */
function isLargeLevel(cpu: CpuState, level: number, size: number): boolean {
  if (size === 4) return (cpu.cr4 & CR4_PSE) !== 0;
  return level === 2 || level === 3;
}

function isReserved(
  lo: number,
  hi: number,
  level: number,
  leaf: boolean,
  noExecuteEnabled: boolean,
  long: boolean,
): boolean {
  if ((hi & RESERVED_HI) !== 0) return true;
  if (!long && (hi & 0x7ff0_0000) !== 0) return true;
  if (!noExecuteEnabled && hi < 0) return true;
  if (level >= 4) return (lo & LARGE) !== 0;
  if (!leaf || level === 1) return false;
  return (lo & (level === 2 ? 0x1f_e000 : 0x3fff_e000)) !== 0;
}
