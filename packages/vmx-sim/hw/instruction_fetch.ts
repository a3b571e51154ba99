/**
 * The CPU's instruction fetch: translation, decoding, and the cache of decoded instructions.
 *
 * @module
 */
import type { CpuMode, CpuState, Fault, StepResult } from "../isa/contract.ts";
import * as contract from "../isa/contract.ts";
import { cpuMode } from "../isa/cpu_state.ts";
import { decode } from "../isa/decode.ts";
import * as decodeModule from "../isa/decode.ts";
import { Instruction } from "../isa/instruction.ts";
import * as counters from "../work/work_counters.ts";
import * as translationCache from "./_translation_cache.ts";
import type { CpuMmu } from "./cpu_mmu.ts";
import type { CodePage, DecodedCode } from "./decoded_code.ts";
import { keepInstruction } from "./decoded_code.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CS, DECODED, DONE, FAULTED, NEED_MORE, SS, TOO_LONG, UNDECODED } = contract;
const { MAX_INSTRUCTION_BYTES } = decodeModule;
const { S_DECODED } = counters;
const { FETCH, TAG_SUPERVISOR, TAG_USER } = translationCache;

/** Fetches for one CPU. */
export class InstructionFetch {
  /** Page of decoded instructions in use, valid for `pageLo`, `pageHi`. */
  page: CodePage | null = null;
  /** Linear address of the page, low half. */
  pageLo = 0;
  /** Its high half. */
  pageHi = 0;
  /** Rights of CS for which `mode` and `isLong` hold. */
  csRights: number = -1;
  /** Mode that instructions are decoded in. */
  mode: CpuMode = "real";
  /** 64-bit mode. */
  isLong = false;
  /** Why `fetch` gave nothing: a stop, a fault, or UNDECODED for an instruction the model does not know. */
  result: StepResult = DONE;
  #bytes: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #pagesSeen = 0;
  readonly #scratch = new Instruction();
  readonly #crossing = new Uint8Array(MAX_INSTRUCTION_BYTES);
  readonly #cpu: CpuState;
  readonly #mmu: CpuMmu;
  readonly #code: DecodedCode;
  readonly #fault: Fault;
  readonly #work: Float64Array;

  /**
   * The fetch of one CPU.
   *
   * @param cpu State of the CPU
   * @param mmu Its memory side
   * @param code Decoded instructions of the VM
   * @param fault Filled in when a fetch faults
   * @param work Silicon's counters
   */
  constructor(
    cpu: CpuState,
    mmu: CpuMmu,
    code: DecodedCode,
    fault: Fault,
    work: Float64Array,
  ) {
    this.#cpu = cpu;
    this.#mmu = mmu;
    this.#code = code;
    this.#fault = fault;
    this.#work = work;
  }

  /** Forgets the page in use and the mode. */
  flush(): void {
    this.page = null;
    this.csRights = -1;
  }

  /** Takes note of pages that became code: translations for writing them must not stay cached. */
  noticeCode(): void {
    if (this.#code.pagesFound === this.#pagesSeen) return;
    this.#pagesSeen = this.#code.pagesFound;
    this.#mmu.flushWrites();
  }

  /** Derives the mode from CS. */
  modeChanged(): void {
    this.csRights = this.#cpu.seg[CS]!.rights;
    this.mode = cpuMode(this.#cpu);
    this.isLong = this.mode === "prot64";
    this.page = null;
  }

  /**
   * The instruction at a linear address, decoded if need be.
   *
   * @returns It, or null with the reason in `result`
   */
  fetch(lo: number, hi: number): Instruction | null {
    const cpu = this.#cpu;
    if (!this.isLong && (cpu.rip[0]! >>> 0) > (cpu.seg[CS]!.limit >>> 0)) return this.#protection();
    const found = this.#mmu.translate(lo, hi, FETCH, this.#tag(), false);
    if (found !== DONE) return this.#nothing(found);
    const { bytes, offset } = this.#mmu;
    const page = this.#code.page(bytes, offset, this.mode);
    this.noticeCode();
    this.page = page;
    this.pageLo = lo & 0xffff_f000;
    this.pageHi = hi;
    this.#bytes = bytes;
    this.#offset = offset;
    const at = lo & 0xfff;
    const known = page.recheck(at, bytes, offset, this.#code.epoch);
    if (known !== null) return known;
    this.#work[S_DECODED]!++;
    const room = Math.min(MAX_INSTRUCTION_BYTES, 4096 - at);
    const result = decode(bytes, room, this.mode, this.#scratch, offset + at);
    if (result === DECODED) {
      const kept = keepInstruction(this.#scratch);
      page.keep(at, kept, bytes, offset, this.#code.epoch);
      return kept;
    }
    if (result === NEED_MORE && room < MAX_INSTRUCTION_BYTES) return this.#across(lo, hi, room);
    return result === TOO_LONG ? this.#protection() : this.#nothing(UNDECODED);
  }

  /** Decodes an instruction that goes on in the next page; it is not kept. */
  #across(lo: number, hi: number, room: number): Instruction | null {
    const start = this.#offset + (lo & 0xfff);
    const crossing = this.#crossing;
    for (let i = 0; i < room; i++) crossing[i] = this.#bytes[start + i]!;
    const nextLo = ((lo & 0xffff_f000) + 0x1000) | 0;
    const nextHi = nextLo === 0 ? (hi + 1) | 0 : hi;
    const found = this.#mmu.translate(nextLo, nextHi, FETCH, this.#tag(), false);
    if (found !== DONE) return this.#nothing(found);
    const { bytes, offset } = this.#mmu;
    for (let i = room; i < crossing.length; i++) crossing[i] = bytes[offset + i - room]!;
    const result = decode(crossing, crossing.length, this.mode, this.#scratch);
    if (result === DECODED) return this.#scratch;
    return result === TOO_LONG ? this.#protection() : this.#nothing(UNDECODED);
  }

  #nothing(result: StepResult): null {
    this.result = result;
    return null;
  }

  #protection(): null {
    this.#fault.vector = 13;
    this.#fault.errorCode = 0;
    this.#fault.software = false;
    return this.#nothing(FAULTED);
  }

  #tag(): number {
    return (this.#cpu.seg[SS]!.rights & 0x60) === 0x60 ? TAG_USER : TAG_SUPERVISOR;
  }
}
