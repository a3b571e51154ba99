/**
 * The host's KVM as a backend.
 *
 * @module
 */
import { errno, KVM_API_VERSION, KVM_GET_API_VERSION, type KvmBackend } from "@ioeventfd/uapi";
import { type Libc, loadLibc, O_CLOEXEC, O_RDWR } from "./_libc.ts";
import { KvmUnavailableError } from "./kvm_unavailable_error.ts";
import { LiveSystem } from "./live_system.ts";

/** How the host's KVM is reached. */
export interface LiveOptions {
  /** Absolute path of the C library, for hosts that have it in an unusual place. */
  readonly libc?: string;
}

/** Whether this process can use the host's KVM. */
export type Availability =
  | { readonly ok: true }
  | {
    readonly ok: false;
    /** What lacks, for people. */
    readonly reason: string;
  };

/**
 * The backend that runs on `/dev/kvm`, through the C library and nothing else: `--allow-ffi=<path of libc>` is the only
 * permission it takes. A system and what it made belong to the thread that opened it.
 */
export class LiveBackend implements KvmBackend {
  /** `kvm`. */
  readonly name = "kvm";
  readonly #options: LiveOptions;

  /**
   * A backend; nothing is opened yet.
   *
   * @param options How KVM is reached
   */
  constructor(options: LiveOptions = {}) {
    this.#options = options;
  }

  /**
   * Path of the C library in use: what `--allow-ffi` has to name.
   *
   * @throws {KvmUnavailableError} when there is none that this process may use
   */
  get libc(): string {
    return loadLibc(this.#options.libc).path;
  }

  /**
   * Opens `/dev/kvm`.
   *
   * @returns The system, to be disposed
   * @throws {KvmUnavailableError} when this process cannot use KVM
   */
  open(): LiveSystem {
    const libc = loadLibc(this.#options.libc);
    const fd = openKvm(libc);
    try {
      return new LiveSystem(libc, fd);
    } catch (error) {
      libc.call.close(fd);
      throw error;
    }
  }

  /**
   * Whether VMs and vCPUs can be made, by making one of each. It never throws and never prompts.
   *
   * @returns `ok`, or the reason
   */
  available(): Availability {
    try {
      using system = this.open();
      system.createVm().createVcpu(0);
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

/**
 * Whether this process can use the host's KVM. It never throws and never prompts.
 *
 * @param options How KVM is reached
 * @returns `ok`, or the reason
 *
 * @example A test that runs where it can
 * ```ts
 * import { available } from "@ioeventfd/kvm-live";
 *
 * const kvm = available();
 * console.log(kvm.ok ? "here it runs" : `skipped: ${kvm.reason}`);
 * ```
 */
export function available(options: LiveOptions = {}): Availability {
  return new LiveBackend(options).available();
}

function openKvm(libc: Libc): number {
  const fd = libc.open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (fd < 0) throw new KvmUnavailableError(whyNot(libc.errno()));
  const version = libc.call.ioctl(fd, KVM_GET_API_VERSION, 0n);
  if (version === KVM_API_VERSION) return fd;
  libc.call.close(fd);
  throw new KvmUnavailableError(`/dev/kvm speaks API version ${version}, not ${KVM_API_VERSION}`);
}

function whyNot(number: number): string {
  if (number === errno.ENOENT) {
    return "There is no /dev/kvm: the kernel has no KVM, or no usable CPU";
  }
  if (number === errno.EACCES || number === errno.EPERM) {
    return "/dev/kvm may not be opened by this user: its group, often kvm, may";
  }
  return `/dev/kvm cannot be opened: errno ${number}`;
}
