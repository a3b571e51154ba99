import {
  hex,
  KVM_EXIT_DEBUG,
  KVM_EXIT_HLT,
  KVM_EXIT_IO,
  KVM_EXIT_MMIO,
  KVM_SET_GUEST_DEBUG,
  KVM_SET_REGS,
  kvmExitName,
  longModeSregs,
  zeroRegs,
} from "@ioeventfd/uapi";
import {
  type GuestSpace,
  PAGE_TABLE_ROOT,
  PROGRAM_PAGE,
  ROUTINES_PAGE,
  STACK_PAGE,
} from "./_guest_space.ts";
import type { GuestProgram, GuestResult } from "./guest_program.ts";
import { KVM_GET_LAPIC, KVM_SET_MP_STATE } from "./_vm_ioctls.ts";
import type { LiveVcpu } from "./live_vcpu.ts";

const PAGE = 4096;
const ROUTINE_SIZE = 16;
const PROGRAM_END = 0xf80;
const END_OFFSET = 0xff0;
const HLT = 0xf4;
const RAX = 0, RDX = 3, RDI = 5, RIP = 16, RFLAGS = 17;

// mov [rdi], al/ax/eax/rax and out dx, al/ax/eax
const stores = new Map<number, readonly number[]>([
  [1, [0x88, 0x07]],
  [2, [0x66, 0x89, 0x07]],
  [4, [0x89, 0x07]],
  [8, [0x48, 0x89, 0x07]],
]);
const outs = new Map<number, readonly number[]>([
  [1, [0xee]],
  [2, [0x66, 0xef]],
  [4, [0xef]],
]);
const OUTS_FROM = 0x100;

/** A 64-bit guest that does one store or OUT when it is told, or runs a program. */
export class GuestWriter {
  readonly #vcpu: LiveVcpu;
  readonly #space: GuestSpace;
  readonly #routines: bigint;
  readonly #regs = new BigUint64Array(18);
  readonly #regsBytes = new Uint8Array(this.#regs.buffer);
  readonly #stops: boolean;

  constructor(vcpu: LiveVcpu, space: GuestSpace) {
    this.#vcpu = vcpu;
    this.#space = space;
    this.#routines = space.addressOf(ROUTINES_PAGE);
    this.#regs[RFLAGS] = 2n;
    this.#stops = this.#haltBlocks();
    const root = space.addressOf(PAGE_TABLE_ROOT);
    vcpu.setSregs(longModeSregs(vcpu.getSregs(), root));
    const end = Uint8Array.of(HLT);
    space.write(ROUTINES_PAGE, END_OFFSET, end);
    for (const [len, code] of stores) this.#routine(len * ROUTINE_SIZE, code);
    for (const [len, code] of outs) this.#routine(OUTS_FROM + len * ROUTINE_SIZE, code);
    if (this.#stops) this.#stopAtEnd();
  }

  /** One store, to the end of its routine. */
  store(gpa: bigint, len: number, value: bigint): "kernel" | "userspace" {
    if (!stores.has(len)) throw new RangeError(`A store takes 1, 2, 4 or 8 bytes: got ${len}`);
    const linear = this.#space.map(gpa);
    this.#space.map(gpa + BigInt(len - 1));
    if (this.#space.contains(gpa, len)) {
      throw new RangeError(`Guest physical address ${hex(gpa)} is of the storing guest itself`);
    }
    this.#regs[RDI] = linear;
    return this.#do(len * ROUTINE_SIZE, value);
  }

  /** One OUT, to the end of its routine. */
  out(port: bigint, len: number, value: bigint): "kernel" | "userspace" {
    if (!outs.has(len)) throw new RangeError(`An OUT takes 1, 2 or 4 bytes: got ${len}`);
    if (port < 0n || port > 0xffffn) {
      throw new RangeError(`A port is below 0x10000: got ${hex(port)}`);
    }
    this.#regs[RDX] = port;
    return this.#do(OUTS_FROM + len * ROUTINE_SIZE, value);
  }

  /** Runs a program from its first byte to its last. */
  run(program: GuestProgram): GuestResult {
    const { code, regs, touches = [], onExit, timeoutMs } = program;
    if (code.length > PROGRAM_END) {
      throw new RangeError(
        `A program takes at most ${hex(PROGRAM_END)} bytes: got ${hex(code.length)}`,
      );
    }
    for (const gpa of touches) this.#space.map(gpa);
    this.#space.write(PROGRAM_PAGE, 0, withEnd(code, this.#stops, END_OFFSET - PAGE));
    const rip = this.#space.addressOf(PROGRAM_PAGE);
    const rsp = this.#space.addressOf(STACK_PAGE) + BigInt(PAGE);
    this.#vcpu.setRegs(zeroRegs({ rsp, ...regs, rip }));
    for (let exits = 0;; exits++) {
      const exit = this.#vcpu.run(timeoutMs === undefined ? {} : { timeoutMs });
      if (exit.reason === "hlt" || exit.reason === "debug") {
        return { regs: this.#vcpu.getRegs(), exits };
      }
      if (exit.reason !== "mmio" && exit.reason !== "io") {
        throw new Error(`The guest's program ended with ${exit.reason}`);
      }
      onExit?.(exit);
    }
  }

  #do(routine: number, value: bigint): "kernel" | "userspace" {
    this.#regs[RAX] = value;
    this.#regs[RIP] = this.#routines + BigInt(routine);
    this.#vcpu.ioctl(KVM_SET_REGS, this.#regsBytes);
    let answer: "kernel" | "userspace" = "kernel";
    for (;;) {
      const reason = this.#vcpu.runRaw();
      if (reason === KVM_EXIT_HLT || reason === KVM_EXIT_DEBUG) return answer;
      if (reason !== KVM_EXIT_MMIO && reason !== KVM_EXIT_IO) {
        throw new Error(`The guest's store ended with ${kvmExitName(reason) ?? `exit ${reason}`}`);
      }
      answer = "userspace";
    }
  }

  #routine(offset: number, code: readonly number[]): void {
    const bytes = withEnd(Uint8Array.from(code), this.#stops, END_OFFSET - offset);
    this.#space.write(ROUTINES_PAGE, offset, bytes);
  }

  // With a LAPIC in the kernel HLT waits there for an interrupt, and a second vCPU waits to be started.
  #haltBlocks(): boolean {
    try {
      this.#vcpu.ioctl(KVM_GET_LAPIC, new Uint8Array(0x400));
    } catch {
      return false;
    }
    this.#vcpu.ioctl(KVM_SET_MP_STATE, new Uint8Array(4));
    return true;
  }

  #stopAtEnd(): void {
    const debug = new DataView(new ArrayBuffer(72));
    debug.setUint32(0, 0x20001, true); // KVM_GUESTDBG_ENABLE, KVM_GUESTDBG_USE_HW_BP
    debug.setBigUint64(8, this.#routines + BigInt(END_OFFSET), true);
    debug.setBigUint64(8 + 7 * 8, 0x401n, true); // DR7: breakpoint 0, execution
    this.#vcpu.ioctl(KVM_SET_GUEST_DEBUG, new Uint8Array(debug.buffer));
  }
}

/** Code, then HLT, or a jump over `distance` bytes counted from the code's start. */
function withEnd(code: Uint8Array, jumps: boolean, distance: number): Uint8Array {
  const bytes = new Uint8Array(code.length + 5);
  bytes.set(code);
  bytes[code.length] = jumps ? 0xe9 : HLT;
  if (jumps) new DataView(bytes.buffer).setInt32(code.length + 1, distance - code.length - 5, true);
  return bytes;
}
