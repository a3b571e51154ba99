/**
 * The host's `/dev/kvm`, with real eventfds.
 *
 * @module
 */
import {
  EFD_CLOEXEC,
  hex,
  type HostMemory,
  KVM_CAP_COALESCED_MMIO,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_VM,
  KVM_GET_VCPU_MMAP_SIZE,
  type KvmSystem,
  type OtherFile,
} from "@ioeventfd/uapi";
import { readCpuid } from "./_cpuid.ts";
import { DescriptorRange } from "./_descriptor_range.ts";
import { Descriptors } from "./_descriptors.ts";
import { EventfdIo } from "./_eventfd_io.ts";
import { HostMemories } from "./_host_memories.ts";
import type { Libc } from "./_libc.ts";
import { openOtherFile } from "./_other_file.ts";
import { acquireWatchdog, releaseWatchdog, type Watchdog } from "./_watchdog.ts";
import type { VmHost } from "./_vm_host.ts";
import { LiveVm } from "./live_vm.ts";

/**
 * An open `/dev/kvm` of the host, and the descriptors that were made through it. They have numbers of their own, from
 * 0x400 upwards, so that neither the runtime nor another system takes one that was just closed.
 */
export class LiveSystem implements KvmSystem {
  readonly #libc: Libc;
  readonly #descriptors: Descriptors;
  readonly #range: DescriptorRange;
  readonly #eventfds: EventfdIo;
  readonly #memories: HostMemories;
  readonly #vms = new Set<LiveVm>();
  readonly #host: VmHost;
  #watchdog: Watchdog | undefined;
  #fd: number;

  /** @ignore Made by {@linkcode LiveBackend.open}. */
  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#descriptors = new Descriptors(libc);
    this.#eventfds = new EventfdIo(libc);
    this.#memories = new HostMemories(libc);
    const cpuid = readCpuid(libc, fd);
    this.#host = {
      memories: this.#memories,
      mappingSize: this.#ioctl(KVM_GET_VCPU_MMAP_SIZE, 0, "KVM_GET_VCPU_MMAP_SIZE"),
      ringPage: this.checkExtension(KVM_CAP_COALESCED_MMIO),
      cpuid: cpuid.bytes,
      physicalBits: cpuid.physicalBits,
      watchdog: () => this.#watchdog ??= acquireWatchdog(libc),
    };
    this.#range = new DescriptorRange(libc, fd);
  }

  #ioctl(request: number, arg: number, name: string): number {
    return this.#libc.check(
      this.#libc.call.ioctl(this.#fd, request, BigInt(arg)),
      `${name} was refused`,
    );
  }

  /**
   * `KVM_CHECK_EXTENSION`.
   *
   * @param capability Number of the capability
   * @returns 0 when it is not there
   */
  checkExtension(capability: number): number {
    return this.#ioctl(KVM_CHECK_EXTENSION, capability, "KVM_CHECK_EXTENSION");
  }

  /**
   * `KVM_CREATE_VM`.
   *
   * @returns The VM, closed with the system
   */
  createVm(): LiveVm {
    const fd = this.#ioctl(KVM_CREATE_VM, 0, "KVM_CREATE_VM");
    const vm: LiveVm = new LiveVm(this.#libc, fd, this.#host, () => void this.#vms.delete(vm));
    this.#vms.add(vm);
    return vm;
  }

  /**
   * eventfd2(2).
   *
   * @param initialValue Counter at first (u32)
   * @param flags `EFD_*`
   * @returns The lowest free descriptor of the system's own range, closed with the system
   * @throws {KvmError} EINVAL for unknown flags
   * @throws {RangeError} for an initial value that is no u32
   */
  eventfd(initialValue: number, flags: number): number {
    if (!Number.isInteger(initialValue) || initialValue < 0 || initialValue > 0xffffffff) {
      throw new RangeError(`An eventfd begins with a u32: got ${initialValue}`);
    }
    const fd = this.#libc.call.eventfd(initialValue, flags | 0);
    this.#libc.check(fd, () => `eventfd2 with flags ${hex(flags)} was refused`);
    return this.#own(fd, (flags & EFD_CLOEXEC) !== 0);
  }

  #own(fd: number, closeOnExec: boolean): number {
    return this.#descriptors.own(this.#range.move(fd, closeOnExec), "");
  }

  /**
   * Opens a descriptor of another kind.
   *
   * @param kind Kind; of a pipe it is the end to read from, the other end is closed
   * @returns The descriptor, closed with the system
   */
  openOther(kind: OtherFile): number {
    const fd = openOtherFile(this.#libc, this.#fd, kind);
    return this.#own(this.#libc.check(fd, `Cannot open a descriptor of kind ${kind}`), true);
  }

  /**
   * dup(2).
   *
   * @param fd Any open descriptor
   * @returns The lowest free descriptor of the system's own range, closed with the system
   * @throws {KvmError} EBADF
   */
  dup(fd: number): number {
    const copy = this.#range.dup(fd, false);
    return this.#descriptors.own(copy, () => `Cannot dup descriptor ${hex(fd)}`);
  }

  /**
   * close(2).
   *
   * @param fd A descriptor made here
   * @throws {KvmError} EBADF for any other: the rest of the process's table is not ours to close
   */
  close(fd: number): void {
    this.#descriptors.close(fd);
  }

  /**
   * read(2) of 8 bytes.
   *
   * @param fd Descriptor of an eventfd
   * @returns The counter, or 1 for a semaphore
   * @throws {KvmError} EAGAIN where it would block
   */
  eventfdRead(fd: number): bigint {
    return this.#eventfds.read(fd);
  }

  /**
   * write(2) of 8 bytes.
   *
   * @param fd Descriptor of an eventfd
   * @param value Added to the counter (u64)
   * @throws {KvmError} EAGAIN where it would block, EINVAL for 2^64-1
   */
  eventfdWrite(fd: number, value: bigint): void {
    this.#eventfds.write(fd, value);
  }

  /**
   * The counter, read without consuming it, from /proc/self/fdinfo.
   *
   * @param fd Descriptor of an eventfd
   * @returns The counter
   * @throws {KvmError} EBADF for none, EINVAL for another kind
   */
  eventfdCount(fd: number): bigint {
    return this.#eventfds.count(fd);
  }

  /**
   * Poll mask of a descriptor, asked for POLLIN and POLLOUT.
   *
   * @param fd Any descriptor
   * @returns POLLIN 1, POLLOUT 4, POLLERR 8, POLLNVAL 32
   */
  poll(fd: number): number {
    return this.#eventfds.poll(fd);
  }

  /**
   * Page-aligned memory for slots, zero at first. It lives as long as the system, or, when it is disposed, as long as
   * somebody holds its bytes or a slot uses it.
   *
   * @param size Bytes
   * @returns The memory and its address
   * @throws {RangeError} for a size that is no positive whole number
   */
  allocateMemory(size: number): HostMemory & Disposable {
    return this.#memories.allocate(size);
  }

  /** Closes its VMs and every descriptor made through it; again it does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    for (const vm of this.#vms) vm[Symbol.dispose]();
    this.#descriptors.closeAll();
    this.#range.release();
    this.#memories.releaseAll();
    this.#libc.call.close(this.#fd);
    this.#fd = -1;
    if (this.#watchdog !== undefined) releaseWatchdog();
    this.#watchdog = undefined;
  }
}
