/**
 * A vCPU of the host's KVM.
 *
 * @module
 */
import {
  type CoalescedMmio,
  decodeCoalescedMmioRing,
  decodeRegs,
  decodeSregs,
  decodeVcpuExit,
  encodeRegs,
  encodeStructInto,
  errno,
  KVM_COALESCED_MMIO_MAX,
  KVM_EXIT_INTR,
  KVM_GET_REGS,
  KVM_GET_SREGS,
  KVM_RUN,
  KVM_SET_REGS,
  KVM_SET_SREGS,
  type KvmVcpu,
  type Regs,
  REGS_LAYOUT,
  RUN_HEAD_LAYOUT,
  RUN_INTERNAL_ERROR_LAYOUT,
  type RunOptions,
  type Sregs,
  SREGS_LAYOUT,
  type VcpuExit,
} from "@ioeventfd/uapi";
import { failure, type Libc } from "./_libc.ts";
import { nameOf, rawIoctl } from "./_raw_ioctl.ts";
import type { VcpuParts } from "./_vcpu_parts.ts";

/** Milliseconds after which a `run` without a limit of its own gives up. */
export const DEFAULT_TIMEOUT_MS = 2000;

// Below this a limit gets a tick of its own; above, the standing tick is fine enough.
const EXACT_BELOW_MS = 1000;
const PAGE = 4096;
const IMMEDIATE_EXIT = RUN_HEAD_LAYOUT.fields.immediateExit.offset;
const EXIT_REASON = RUN_HEAD_LAYOUT.fields.exitReason.offset;

/**
 * A vCPU. `KVM_RUN` holds the thread, so every `run` has a time limit: `timeoutMs`, or
 * {@linkcode DEFAULT_TIMEOUT_MS}. `timeoutMs: 0` runs no instruction but completes what the last exit left open.
 * `maxInstructions` is for models; here it is ignored.
 */
export class LiveVcpu implements KvmVcpu {
  readonly #libc: Libc;
  readonly #parts: VcpuParts;
  readonly #run = new Uint8Array(RUN_INTERNAL_ERROR_LAYOUT.size);
  readonly #runView = new DataView(this.#run.buffer);
  #fd: number;
  #answer: { readonly offset: number; readonly data: Uint8Array } | undefined;

  /** @ignore Made by {@linkcode LiveVm.createVcpu}. */
  constructor(libc: Libc, parts: VcpuParts) {
    this.#libc = libc;
    this.#parts = parts;
    this.#fd = parts.fd;
  }

  /** Its descriptor, -1 once closed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * The raw door: any ioctl of a vCPU descriptor.
   *
   * @param request Number of the ioctl
   * @param arg Its struct as bytes, or a number
   * @returns What the ioctl returns, 0 or more
   * @throws {KvmError} with the kernel's errno
   * @throws {RangeError} for bytes fewer than the struct, or a number that could be an address of the process
   */
  ioctl(request: number, arg?: Uint8Array | number): number {
    const result = rawIoctl(this.#libc, this.#fd, request, arg);
    return this.#libc.check(result, () => `${nameOf(request)} was refused`);
  }

  /**
   * `KVM_GET_REGS`.
   *
   * @returns General registers, RIP and RFLAGS
   */
  getRegs(): Regs {
    const bytes = new Uint8Array(REGS_LAYOUT.size);
    this.ioctl(KVM_GET_REGS, bytes);
    return decodeRegs(bytes);
  }

  /**
   * `KVM_SET_REGS`.
   *
   * @param regs General registers, RIP and RFLAGS
   */
  setRegs(regs: Regs): void {
    this.ioctl(KVM_SET_REGS, encodeRegs(regs));
  }

  /**
   * `KVM_GET_SREGS`.
   *
   * @returns Segments, descriptor tables and control registers
   */
  getSregs(): Sregs {
    return decodeSregs(this.#sregsBytes());
  }

  /**
   * `KVM_SET_SREGS`; a pending interrupt stays pending.
   *
   * @param sregs Segments, descriptor tables and control registers
   */
  setSregs(sregs: Sregs): void {
    const bytes = this.#sregsBytes();
    encodeStructInto(SREGS_LAYOUT, sregs, bytes);
    this.ioctl(KVM_SET_SREGS, bytes);
  }

  #sregsBytes(): Uint8Array {
    const bytes = new Uint8Array(SREGS_LAYOUT.size);
    this.ioctl(KVM_GET_SREGS, bytes);
    return bytes;
  }

  /**
   * `KVM_RUN`, up to the next exit to userspace. The `data` of a read is what the guest gets when it runs again.
   *
   * @param options Time limit
   * @returns Why it came back
   * @throws {KvmError} with the kernel's errno, e.g. `EFAULT` for a slot with no memory behind it
   */
  run(options?: RunOptions): VcpuExit {
    if (this.runRaw(options?.timeoutMs) === KVM_EXIT_INTR) return { reason: "intr" };
    return decodeVcpuExit(this.#runView, (_, offset, size, write) => {
      const data = new Uint8Array(size);
      if (write) this.#parts.mapping.read(offset, data);
      else this.#answer = { offset, data };
      return data;
    });
  }

  /**
   * `KVM_RUN` without a look at what the exit carries.
   *
   * @param timeoutMs Limit in milliseconds
   * @returns `KVM_EXIT_*`, `KVM_EXIT_INTR` for the time limit
   * @throws {KvmError} with the kernel's errno
   */
  runRaw(timeoutMs: number = DEFAULT_TIMEOUT_MS): number {
    if (!(timeoutMs >= 0)) {
      throw new RangeError(`The time limit must be 0 or more: got ${timeoutMs}`);
    }
    const { mapping, watchdog } = this.#parts;
    const deadline = performance.now() + timeoutMs;
    if (this.#answer !== undefined) {
      mapping.write(this.#answer.offset, this.#answer.data);
      this.#answer = undefined;
    }
    const immediate = timeoutMs === 0;
    const exact = !immediate && timeoutMs < EXACT_BELOW_MS;
    if (immediate) mapping.write(IMMEDIATE_EXIT, Uint8Array.of(1));
    if (exact) watchdog.tick(timeoutMs);
    try {
      if (!this.#enter(deadline)) return KVM_EXIT_INTR;
    } finally {
      if (exact) watchdog.tick();
      if (immediate) mapping.write(IMMEDIATE_EXIT, Uint8Array.of(0));
    }
    mapping.read(0, this.#run);
    return this.#runView.getUint32(EXIT_REASON, true);
  }

  /** True for an exit, false for an interruption. */
  #enter(deadline: number): boolean {
    for (;;) {
      if (this.#libc.call.ioctl(this.#fd, KVM_RUN, 0n) >= 0) return true;
      const number = this.#libc.errno();
      if (number !== errno.EINTR) throw failure(number, "KVM_RUN was refused");
      // Ctrl-C and other signals of the process are for its event loop: the guest goes on.
      this.#parts.watchdog.take();
      if (performance.now() >= deadline) return false;
    }
  }

  /**
   * Takes the writes that coalesced zones kept: the ring is of the VM, every vCPU shows it.
   *
   * @returns The writes in order; none on a host without coalesced MMIO
   */
  takeCoalesced(): readonly CoalescedMmio[] {
    const { mapping, ringPage } = this.#parts;
    if (ringPage === 0) return [];
    const page = new Uint8Array(PAGE);
    mapping.read(ringPage * PAGE, page);
    const { first, last, entries } = decodeCoalescedMmioRing(page);
    const taken: CoalescedMmio[] = [];
    let next = first;
    for (; next !== last; next = (next + 1) % KVM_COALESCED_MMIO_MAX) taken.push(entries[next]!);
    new DataView(page.buffer).setUint32(0, next, true);
    mapping.write(ringPage * PAGE, page.subarray(0, 4));
    return taken;
  }

  /** Unmaps its pages and closes its descriptor; again it does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#parts.mapping.unmap();
    this.#parts.descriptors.close(fd);
    this.#parts.closed();
  }
}
