/**
 * Memory accesses of KVM's emulator: translation, RAM, LAPIC and bus in pieces of at most 8 bytes, and what nobody in
 * the kernel takes goes to userspace piece by piece.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import type { Fault, StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import { cpuMode } from "../isa/cpu_state.ts";
import * as guestMemory from "../mmu/guest_memory.ts";
import * as pageWalker from "../mmu/guest_page_walker.ts";
import { kvmMmioText, vcpuMatchMmioText } from "../trace/tracepoint_text.ts";
import * as counters from "../work/work_counters.ts";
import * as runFields from "./_kvm_run_fields.ts";
import { busRead } from "./bus_dispatch.ts";
import * as busDispatch from "./bus_dispatch.ts";
import type { KvmMmu } from "./kvm_mmu.ts";
import * as vcpuContext from "./vcpu_context.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { KVM_EXIT_MMIO } = uapi;
const { DONE, FAULTED, PORT_DATA_BYTES, STOPPED } = contract;
const { readWord } = guestMemory;
const { ACCESS_WRITE, WALK_FAULT } = pageWalker;
const { P_MMIO_KERNEL, P_TOUCH_KERNEL, W_DATA_READS, W_USER_MMIO } = counters;
const { busWrite } = busDispatch;
const { RUN_EXIT_REASON, RUN_MMIO_DATA, RUN_MMIO_IS_WRITE, RUN_MMIO_LEN, RUN_MMIO_PHYS_ADDR } =
  runFields;
const { COMPLETE_MMIO } = vcpuContext;

/** Memory accesses of one vCPU's emulator. */
export class MmioAccess {
  /** Pieces wait for userspace. */
  isNeeded = false;
  /** Userspace answered a read, which the instruction takes when it is executed again. */
  isReadCompleted = false;
  /** The waiting pieces are a write. */
  isWrite = false;
  /** Guest physical address of the exit may serve for the access. */
  isGpaAvailable = false;
  /** Guest physical address of the exit, low half. */
  exitGpaLo = 0;
  /** Its high half. */
  exitGpaHi = 0;
  readonly #vcpu: VcpuContext;
  readonly #mmu: KvmMmu;
  readonly #fault: Fault;
  readonly #chunk = new Uint8Array(8);
  readonly #held = new Uint8Array(PORT_DATA_BYTES);
  // Two fragments at most: address, length left, where in the data they lie.
  readonly #gpaLo = new Int32Array(2);
  readonly #gpaHi = new Int32Array(2);
  readonly #length = new Int32Array(2);
  readonly #at = new Int32Array(2);
  #fragments = 0;
  #current = 0;
  #gpaLoNow = 0;
  #gpaHiNow = 0;

  /**
   * The accesses of one vCPU's emulator.
   *
   * @param vcpu The vCPU it serves
   * @param mmu Its MMU
   * @param fault Filled in when an access faults
   */
  constructor(vcpu: VcpuContext, mmu: KvmMmu, fault: Fault) {
    this.#vcpu = vcpu;
    this.#mmu = mmu;
    this.#fault = fault;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c emulator_read_write
  /**
   * Reads into `data` or writes from it, `bytes` from 0.
   *
   * @param access `ACCESS_WRITE` for a write, with `ACCESS_USER` where the CPL asks for it
   * @returns `DONE` (of a write that may still have pieces for userspace), `STOPPED` or `FAULTED`
   */
  access(lo: number, hi: number, bytes: number, data: Uint8Array, access: number): StepResult {
    const write = (access & ACCESS_WRITE) !== 0;
    if (!write && this.isReadCompleted) {
      this.isReadCompleted = false;
      for (let i = 0; i < bytes; i++) data[i] = this.#held[i]!;
      // The first piece's address has moved on with its parts of 8 bytes.
      this.#trace("read", bytes, this.#gpaLo[0]!, this.#gpaHi[0]!, data, 0);
      return DONE;
    }
    this.#fragments = 0;
    const first = 4096 - (lo & 0xfff);
    let left = bytes;
    if (left > first) {
      const result = this.#onePage(lo, hi, first, data, 0, access);
      if (result !== DONE) return result;
      const nextLo = (lo + first) | 0;
      if (nextLo === 0 && cpuMode(this.#vcpu.cpu) === "prot64") hi = (hi + 1) | 0;
      lo = nextLo;
      left -= first;
    }
    const result = this.#onePage(lo, hi, left, data, bytes - left, access);
    if (result !== DONE) return result;
    if (this.#fragments === 0) return DONE;
    this.#current = 0;
    this.isNeeded = true;
    this.isWrite = write;
    for (let i = 0; i < bytes; i++) this.#held[i] = data[i]!;
    if (write) return DONE;
    // The traced length is what the last page had, as the kernel prints it.
    this.#trace("unsatisfied-read", left, this.#gpaLo[0]!, this.#gpaHi[0]!, null, 0);
    return STOPPED;
  }

  /**
   * Accesses RAM alone, with supervisor rights: descriptors and the like.
   *
   * @returns `STOPPED` where there is no RAM: KVM then starts the instruction again, without end
   */
  system(lo: number, hi: number, bytes: number, data: Uint8Array, access: number): StepResult {
    for (let done = 0; done < bytes;) {
      const at = (lo + done) | 0;
      const atHi = (at >>> 0) < (lo >>> 0) ? (hi + 1) | 0 : hi;
      const count = Math.min(bytes - done, 4096 - (at & 0xfff));
      if (this.#mmu.translate(at, atHi, access, W_DATA_READS) === WALK_FAULT) {
        return this.#pageFault(at, atHi);
      }
      const { gpaLo, gpaHi } = this.#mmu.walker;
      if (!this.#ram(gpaLo, gpaHi, count, data, done, access)) return STOPPED;
      done += count;
    }
    return DONE;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c emulator_read_write_onepage
  #onePage(
    lo: number,
    hi: number,
    bytes: number,
    data: Uint8Array,
    from: number,
    access: number,
  ): StepResult {
    const write = (access & ACCESS_WRITE) !== 0;
    let isMmio: boolean;
    if (this.isGpaAvailable && ((lo ^ this.exitGpaLo) & 0xfff) === 0) {
      this.#gpaLoNow = this.exitGpaLo;
      this.#gpaHiNow = this.exitGpaHi;
      isMmio = this.#isMmio(lo, hi, write);
    } else if (this.#matchesGva(lo, hi, access)) {
      this.#gpaLoNow = this.#mmu.cachedGpaLo | (lo & 0xfff);
      this.#gpaHiNow = this.#mmu.cachedGpaHi;
      this.#traceMatch(lo, hi, write, false);
      isMmio = true;
    } else {
      if (this.#mmu.translate(lo, hi, access, W_DATA_READS) === WALK_FAULT) {
        return this.#pageFault(lo, hi);
      }
      this.#gpaLoNow = this.#mmu.walker.gpaLo;
      this.#gpaHiNow = this.#mmu.walker.gpaHi;
      isMmio = this.#isMmio(lo, hi, write);
    }
    const gpaLo = this.#gpaLoNow;
    const gpaHi = this.#gpaHiNow;
    if (!isMmio && this.#ram(gpaLo, gpaHi, bytes, data, from, access)) return DONE;

    const { work } = this.#vcpu;
    if (work.path !== P_TOUCH_KERNEL) work.path = P_MMIO_KERNEL;
    const handled = write
      ? this.#writeMmio(gpaLo, gpaHi, bytes, data, from)
      : this.#readMmio(gpaLo, gpaHi, bytes, data, from);
    if (handled === bytes) return DONE;
    const fragment = this.#fragments++;
    this.#gpaLo[fragment] = gpaLo + handled;
    this.#gpaHi[fragment] = gpaHi;
    this.#length[fragment] = bytes - handled;
    this.#at[fragment] = from + handled;
    return DONE;
  }

  #matchesGva(lo: number, hi: number, access: number): boolean {
    return this.#mmu.matchesGva(lo, hi) && this.#mmu.permitsCached(access);
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c vcpu_is_mmio_gpa
  #isMmio(lo: number, hi: number, write: boolean): boolean {
    const gpaLo = this.#gpaLoNow;
    const gpaHi = this.#gpaHiNow;
    if (gpaHi === 0 && (gpaLo & 0xffff_f000) === (0xfee0_0000 | 0)) return true;
    if (!this.#mmu.matchesGpa(gpaLo, gpaHi)) return false;
    this.#traceMatch(lo, hi, write, true);
    return true;
  }

  /** RAM behind a guest physical address, within one page; false where there is none, or none to write. */
  #ram(
    lo: number,
    hi: number,
    bytes: number,
    data: Uint8Array,
    from: number,
    access: number,
  ): boolean {
    const { memory, code } = this.#vcpu.vm;
    if (!memory.find(lo, hi)) return false;
    const at = memory.offset + (lo & 0xfff);
    const ram = memory.bytes;
    if ((access & ACCESS_WRITE) === 0) {
      for (let i = 0; i < bytes; i++) data[from + i] = ram[at + i]!;
      return true;
    }
    if (memory.slot!.readOnly) return false;
    for (let i = 0; i < bytes; i++) ram[at + i] = data[from + i]!;
    memory.markDirty(lo, hi);
    code.epoch++;
    return true;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c vcpu_mmio_write
  #writeMmio(lo: number, hi: number, bytes: number, data: Uint8Array, from: number): number {
    const { lapic, vm, work } = this.#vcpu;
    this.#trace("write", bytes, lo, hi, data, from);
    let handled = 0;
    while (handled < bytes) {
      const count = bytes - handled < 8 ? bytes - handled : 8;
      const at = from + handled;
      const valueLo = word(data, at, count);
      const valueHi = count > 4 ? word(data, at + 4, count - 4) : 0;
      const atLo = (lo + handled) | 0;
      if (lapic !== null && lapic.covers(atLo, hi)) lapic.write(atLo, count, valueLo);
      else if (busWrite(vm.mmioBus, work, atLo, hi, count, valueLo, valueHi) !== 0) break;
      handled += count;
    }
    return handled;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c vcpu_mmio_read
  #readMmio(lo: number, hi: number, bytes: number, data: Uint8Array, from: number): number {
    const { lapic, vm, work } = this.#vcpu;
    let handled = 0;
    while (handled < bytes) {
      const count = bytes - handled < 8 ? bytes - handled : 8;
      const atLo = (lo + handled) | 0;
      if (lapic !== null && lapic.covers(atLo, hi)) {
        lapic.read(atLo, count, data, from + handled);
      } else {
        for (let i = 0; i < count; i++) this.#chunk[i] = data[from + handled + i]!;
        if (busRead(vm.mmioBus, work, atLo, hi, count, this.#chunk) !== 0) break;
        for (let i = 0; i < count; i++) data[from + handled + i] = this.#chunk[i]!;
      }
      this.#trace("read", count, atLo, hi, data, from + handled);
      handled += count;
    }
    return handled;
  }

  /** Puts the piece whose turn it is into `kvm_run`: KVM_EXIT_MMIO. */
  exitToUserspace(): void {
    const { runView: view, run, work } = this.#vcpu;
    const fragment = this.#current;
    const left = this.#length[fragment]!;
    const count = left < 8 ? left : 8;
    const at = this.#at[fragment]!;
    view.setUint32(RUN_EXIT_REASON, KVM_EXIT_MMIO, true);
    view.setInt32(RUN_MMIO_PHYS_ADDR, this.#gpaLo[fragment]!, true);
    view.setInt32(RUN_MMIO_PHYS_ADDR + 4, this.#gpaHi[fragment]!, true);
    if (this.isWrite) {
      for (let i = 0; i < count; i++) run[RUN_MMIO_DATA + i] = this.#held[at + i]!;
    }
    view.setUint32(RUN_MMIO_LEN, count, true);
    run[RUN_MMIO_IS_WRITE] = this.isWrite ? 1 : 0;
    work.current[W_USER_MMIO]!++;
    this.#vcpu.completion = COMPLETE_MMIO;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c complete_emulated_mmio
  /** Userspace is back: takes the answer of a read. True when another piece waits. */
  complete(): boolean {
    const fragment = this.#current;
    const left = this.#length[fragment]!;
    const count = left < 8 ? left : 8;
    const at = this.#at[fragment]!;
    if (!this.isWrite) {
      const { run } = this.#vcpu;
      for (let i = 0; i < count; i++) this.#held[at + i] = run[RUN_MMIO_DATA + i]!;
    }
    if (left <= 8) this.#current++;
    else {
      this.#length[fragment] = left - count;
      this.#gpaLo[fragment]! += count;
      this.#at[fragment] = at + count;
    }
    if (this.#current < this.#fragments) return true;
    this.isNeeded = false;
    this.isReadCompleted = !this.isWrite;
    return false;
  }

  #pageFault(lo: number, hi: number): StepResult {
    const fault = this.#fault;
    fault.vector = 14;
    fault.errorCode = this.#mmu.walker.errorCode;
    fault.cr2Lo = lo;
    fault.cr2Hi = hi;
    fault.software = false;
    return FAULTED;
  }

  #traceMatch(lo: number, hi: number, write: boolean, byGpa: boolean): void {
    if (!this.#vcpu.isTracing) return;
    const text = vcpuMatchMmioText(lo, hi, this.#gpaLoNow, this.#gpaHiNow, write, byGpa);
    this.#vcpu.trace("vcpu_match_mmio", text);
  }

  #trace(
    kind: "read" | "write" | "unsatisfied-read",
    bytes: number,
    lo: number,
    hi: number,
    data: Uint8Array | null,
    from: number,
  ): void {
    if (!this.#vcpu.isTracing) return;
    const count = bytes < 8 ? bytes : 8;
    const valueLo = data === null ? 0 : word(data, from, count);
    const valueHi = data === null || count <= 4 ? 0 : word(data, from + 4, count - 4);
    this.#vcpu.trace("kvm_mmio", kvmMmioText(kind, bytes, lo, hi, valueLo, valueHi));
  }
}

/** Up to 4 bytes, little-endian. */
function word(data: Uint8Array, at: number, bytes: number): number {
  if (bytes >= 4) return readWord(data, at);
  let value = data[at]!;
  if (bytes > 1) value |= data[at + 1]! << 8;
  if (bytes > 2) value |= data[at + 2]! << 16;
  return value;
}
