/**
 * An open `/dev/kvm` and the process that holds it.
 *
 * @module
 */
import { FileTable } from "@ioeventfd/eventfd";
import {
  type HostMemory,
  type KernelRelease,
  KVM_API_VERSION,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_VM,
  KVM_GET_API_VERSION,
  KVM_GET_VCPU_MMAP_SIZE,
  KvmError,
  type KvmSystem,
  latestRelease,
  type OtherFile,
  showValue,
} from "@ioeventfd/uapi";
import { Descriptor } from "./_descriptor.ts";
import { HostMemories } from "./_host_memories.ts";
import { requestNumber, scalar, showRequest } from "./_ioctl_argument.ts";
import { checkInteger, checkU64 } from "./_requests.ts";
import type { VcpuFile } from "./vcpu_file.ts";
import { Vm } from "./vm.ts";

/** What a {@linkcode Kvm} is opened with. */
export interface KvmOptions {
  /** The kernel release; the latest unless told otherwise. */
  readonly release?: KernelRelease;
  /** Descriptor table of the process; a new one unless told otherwise. */
  readonly files?: FileTable;
}

/**
 * The system object of the model: `/dev/kvm` in a process of its own, with its descriptors and its memory.
 *
 * @example
 * ```ts
 * import { Kvm } from "@ioeventfd/kvm-core";
 * import { KVM_CAP_IOEVENTFD_NO_LENGTH, release } from "@ioeventfd/uapi";
 *
 * using kvm = new Kvm({ release: release("seed") });
 * if (kvm.checkExtension(KVM_CAP_IOEVENTFD_NO_LENGTH) !== 1) throw new Error("the seed has it");
 * ```
 */
export class Kvm implements KvmSystem {
  /** The kernel release. */
  readonly release: KernelRelease;
  /** Descriptor table of the process. */
  readonly files: FileTable;
  /** Identity of the process: equal for those that share its memory, another after {@linkcode Kvm.fork}. */
  readonly process: symbol = Symbol("process");
  readonly #memories: HostMemories;
  readonly #descriptor: Descriptor;
  readonly #vms = new Map<number, Vm>();

  /**
   * Opens `/dev/kvm`.
   *
   * @param options Release and descriptor table
   * @throws {TypeError} for a release that is only named
   */
  constructor(options: KvmOptions = {}) {
    this.release = options.release ?? latestRelease;
    if (typeof this.release !== "object") {
      throw new TypeError(
        `The release is what release("4.4") of @ioeventfd/uapi gives: got ${
          showValue(this.release)
        }`,
      );
    }
    this.files = options.files ?? new FileTable(this.release.eventfd);
    this.#memories = new HostMemories();
    this.#descriptor = new Descriptor(this.files, "dev_kvm", () => {});
  }

  /** Descriptor of `/dev/kvm`. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * A child of this process: the same open files under the same numbers, and memory of its own. It may call what it
   * inherited, and gets EIO.
   *
   * @returns Another process, with a `/dev/kvm` of its own too
   */
  fork(): Kvm {
    return new Kvm({ release: this.release, files: this.files.fork() });
  }

  /**
   * Any ioctl of a `/dev/kvm` descriptor.
   *
   * @param request ioctl number
   * @param arg Its argument
   * @returns What the ioctl returns
   * @throws {KvmError} EINVAL for those not known
   */
  ioctl(request: number, arg?: Uint8Array | number): number {
    // KERNEL 6.19 virt/kvm/kvm_main.c kvm_dev_ioctl
    const value = scalar(arg);
    switch (requestNumber(request)) {
      case KVM_GET_API_VERSION:
        return this.#noArgument(value, KVM_API_VERSION);
      case KVM_GET_VCPU_MMAP_SIZE:
        return this.#noArgument(value, 3 * 4096);
      case KVM_CREATE_VM:
        this.#noArgument(value, 0);
        return this.createVm().fd;
      case KVM_CHECK_EXTENSION:
        return this.release.capabilities[value] ?? 0;
    }
    throw new KvmError("EINVAL", {
      check: "ioctl",
      detail: `ioctl ${showRequest(request)} is not one of /dev/kvm`,
    });
  }

  /**
   * ioctl(2) on any descriptor of the process.
   *
   * @param fd A descriptor
   * @param request ioctl number
   * @param arg Its argument
   * @returns What the ioctl returns
   * @throws {KvmError} EBADF, ENOTTY for a file that is not KVM's, else as that file's own
   */
  ioctlOn(fd: number, request: number, arg?: Uint8Array | number): number {
    const file = this.files.file(fd);
    if (fd === this.fd && this.#descriptor.open) return this.ioctl(request, arg);
    const vm = this.#vms.get(fd);
    if (vm !== undefined && vm.fd === fd && file.kind === "vm_fd") return vm.ioctl(request, arg);
    const vcpu = this.#vcpu(fd);
    if (vcpu !== null) return vcpu.ioctl(request, arg);
    return this.files.ioctl(fd, request, scalar(arg));
  }

  /**
   * `KVM_CHECK_EXTENSION`.
   *
   * @param capability Capability number
   * @returns The release's answer, 0 for one it does not know
   * @throws {TypeError} for what is not an integer
   */
  checkExtension(capability: number): number {
    checkInteger(capability, "Capability", -0x8000_0000, 0xffff_ffff);
    return this.ioctl(KVM_CHECK_EXTENSION, capability);
  }

  /**
   * `KVM_CREATE_VM`.
   *
   * @returns A VM with a descriptor of its own
   * @throws {KvmError} EMFILE
   */
  createVm(): Vm {
    const vm = this.newVm();
    this.#vms.set(vm.fd, vm);
    return vm;
  }

  /** The VM to be: what a package with a CPU puts another class in place of. */
  protected newVm(): Vm {
    return new Vm(this);
  }

  /**
   * eventfd2(2).
   *
   * @param initialValue What the counter begins with (u32)
   * @param flags `EFD_*`
   * @returns The lowest free descriptor
   * @throws {KvmError} EINVAL for unknown flags, EMFILE when there is no descriptor
   */
  eventfd(initialValue: number, flags: number): number {
    return this.files.eventfd(initialValue, flags);
  }

  /**
   * Opens a descriptor that is no eventfd, to see what refuses it.
   *
   * @param kind What to open
   * @returns The lowest free descriptor
   */
  openOther(kind: OtherFile): number {
    return this.files.openOther(kind);
  }

  /**
   * dup(2): another descriptor of the same open file.
   *
   * @param fd An open descriptor
   * @returns The lowest free descriptor
   * @throws {KvmError} EBADF
   */
  dup(fd: number): number {
    return this.files.dup(fd);
  }

  /**
   * close(2). An ioeventfd outlives it: the kernel holds the counter, not the file.
   *
   * @param fd An open descriptor
   * @throws {KvmError} EBADF
   */
  close(fd: number): void {
    this.files.close(fd);
  }

  /**
   * read(2) of 8 bytes.
   *
   * @param fd An eventfd
   * @returns The counter, which is 0 afterwards; or 1 of a semaphore
   * @throws {KvmError} EAGAIN where it would wait; EBADF; EINVAL for what is no eventfd
   */
  eventfdRead(fd: number): bigint {
    return this.files.eventfdRead(fd);
  }

  /**
   * write(2) of 8 bytes: adds to the counter.
   *
   * @param fd An eventfd
   * @param value At most 2^64 - 2
   * @throws {KvmError} EAGAIN where it would wait; EINVAL for 2^64 - 1, and for what is no eventfd; EBADF
   */
  eventfdWrite(fd: number, value: bigint): void {
    this.files.eventfdWrite(fd, checkU64(value, "Value"));
  }

  /**
   * The counter, as fdinfo shows it; it stays as it is.
   *
   * @param fd An eventfd
   * @returns The counter
   * @throws {KvmError} EBADF; EINVAL for what is no eventfd
   */
  eventfdCount(fd: number): bigint {
    return this.files.lookupEventfd(fd).count;
  }

  /**
   * poll(2) without waiting.
   *
   * @param fd A descriptor, open or not
   * @returns POLLIN 1, POLLOUT 4, POLLERR 8, POLLNVAL 32
   */
  poll(fd: number): number {
    return this.files.poll(fd);
  }

  /**
   * Page-aligned memory for slots.
   *
   * @param size Bytes, rounded up to whole pages
   * @returns The memory and its address
   * @throws {RangeError} for a size that is not positive
   */
  allocateMemory(size: number): HostMemory {
    return this.#memories.allocate(size);
  }

  /**
   * The memory of the process behind an address.
   *
   * @param hva Address
   * @param size Bytes
   * @returns A view of it, or null where not all of it was allocated in one piece
   */
  memoryAt(hva: bigint, size: bigint): Uint8Array | null {
    return this.#memories.at(hva, size);
  }

  /** Ends the process: closes all its descriptors. */
  [Symbol.dispose](): void {
    this.files.closeAll();
  }

  #noArgument(value: number, answer: number): number {
    if (value === 0) return answer;
    throw new KvmError("EINVAL", { check: "argument", detail: "The argument is not 0x0" });
  }

  #vcpu(fd: number): VcpuFile | null {
    for (const vm of this.#vms.values()) {
      for (const vcpu of vm.vcpus) if (vcpu.fd === fd) return vcpu;
    }
    return null;
  }
}
