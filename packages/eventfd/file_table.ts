/**
 * The descriptor table of a process, with the system calls on it.
 *
 * @module
 */
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  hex,
  KvmError,
  latestRelease,
} from "@ioeventfd/uapi";
import type { EventfdRules, OtherFile } from "@ioeventfd/uapi";
import { DescriptorTable } from "./descriptor_table.ts";
import { EventfdContext } from "./eventfd_context.ts";
import { EventfdFile } from "./eventfd_file.ts";
import type { FileStat, ReadOptions } from "./open_file.ts";
import { OtherOpenFile } from "./other_open_file.ts";
import { POLLERR, POLLHUP, POLLNVAL } from "./poll_events.ts";
import { refusedCalls } from "./refused_calls.ts";
import type { RefusedCall } from "./refused_calls.ts";
import type { UserBuffer } from "./user_buffer.ts";
import type { WaitOptions } from "./_wait_for.ts";

/** Options of {@linkcode FileTable}. */
export interface FileTableOptions {
  /** Descriptors the process may have, `RLIMIT_NOFILE`; 1,048,576 unless told otherwise. */
  readonly limit?: number;
  /** Descriptors 0, 1 and 2 are taken; true unless told otherwise. */
  readonly stdio?: boolean;
}

/**
 * The descriptor table of a process: numbers on top of open files, the lowest free number first.
 *
 * @example A dup keeps the eventfd open
 * ```ts
 * import { FileTable } from "@ioeventfd/eventfd";
 *
 * const table = new FileTable();
 * const fd = table.eventfd(0, 0); // 3
 * const twin = table.dup(fd); // 4
 * table.eventfdWrite(fd, 923n);
 * table.close(fd);
 * if (table.eventfdRead(twin) !== 923n) throw new Error("the dup reads what was written");
 * if (table.eventfd(0, 0) !== fd) throw new Error("the lowest number is used again");
 * ```
 */
export class FileTable extends DescriptorTable {
  /** eventfd rules of the kernel release. */
  readonly rules: EventfdRules;

  /**
   * A new process.
   *
   * @param rules eventfd rules of a kernel release; the latest unless told otherwise
   * @param options Limit, and whether 0, 1 and 2 are taken
   */
  constructor(rules: EventfdRules = latestRelease.eventfd, options: FileTableOptions = {}) {
    super(options.limit ?? 1_048_576);
    this.rules = rules;
    if (options.stdio !== false) { for (let fd = 0; fd < 3; fd++) this.openOther("file"); }
  }

  /**
   * eventfd2(2).
   *
   * @param initialValue First value of the counter; its low 32 bits count
   * @param flags `EFD_*`
   * @returns The lowest free descriptor
   * @throws {KvmError} EINVAL for other flags; EMFILE at the limit
   * @throws {TypeError} when either is not an integer
   */
  eventfd(initialValue: number, flags: number): number {
    // KERNEL 6.19 fs/eventfd.c do_eventfd
    if (!Number.isSafeInteger(initialValue) || !Number.isSafeInteger(flags)) {
      throw new TypeError(`Initial value ${initialValue} or flags ${flags} is not an integer`);
    }
    if ((flags & ~(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC)) !== 0) {
      throw new KvmError("EINVAL", { check: "flags", detail: `Flags ${hex(flags)} are not known` });
    }
    const semaphore = (flags & EFD_SEMAPHORE) !== 0;
    const context = new EventfdContext(initialValue >>> 0, { semaphore, rules: this.rules });
    const file = new EventfdFile(context, (flags & EFD_NONBLOCK) !== 0);
    return this.install(file, (flags & EFD_CLOEXEC) !== 0);
  }

  /**
   * Opens a file that is not an eventfd.
   *
   * @param kind What it is
   * @returns The lowest free descriptor
   * @throws {KvmError} EMFILE at the limit
   */
  openOther(kind: OtherFile): number {
    return this.install(new OtherOpenFile(kind));
  }

  /**
   * Opens a context that exists already: one shared with other workers, say. The file takes a reference of its own.
   *
   * @param context The eventfd
   * @param flags `EFD_NONBLOCK` and `EFD_CLOEXEC`
   * @returns The lowest free descriptor
   * @throws {KvmError} EMFILE at the limit
   */
  installEventfd(context: EventfdContext, flags = 0): number {
    const file = new EventfdFile(context.acquire(), (flags & EFD_NONBLOCK) !== 0);
    return this.install(file, (flags & EFD_CLOEXEC) !== 0);
  }

  /**
   * As {@linkcode FileTable.installEventfd} at a number of the caller's, closing what was there: how the numbers of a
   * recording are brought back.
   *
   * @param fd The number
   * @param context The eventfd
   * @param flags `EFD_NONBLOCK` and `EFD_CLOEXEC`
   * @throws {KvmError} EBADF when the number is out of range
   */
  installEventfdAt(fd: number, context: EventfdContext, flags = 0): void {
    const file = new EventfdFile(context.acquire(), (flags & EFD_NONBLOCK) !== 0);
    this.installAt(fd, file, (flags & EFD_CLOEXEC) !== 0);
  }

  /**
   * The eventfd of a descriptor, as `KVM_IOEVENTFD` and `KVM_IRQFD` find it.
   *
   * @param fd A descriptor
   * @returns Its context, with no reference taken
   * @throws {KvmError} EBADF when it is not open, or open with O_PATH; EINVAL when it is not an eventfd
   */
  lookupEventfd(fd: number): EventfdContext {
    // KERNEL 6.19 fs/eventfd.c eventfd_ctx_fileget
    const { context, kind } = this.file(fd);
    if (context !== undefined) return context;
    const detail = `Descriptor ${hex(fd)} is a ${kind}, not an eventfd`;
    throw new KvmError("EINVAL", { check: "fd", detail });
  }

  /**
   * fork(2).
   *
   * @returns The child's table: the same open files under the same numbers
   */
  fork(): FileTable {
    const child = new FileTable(this.rules, { limit: this.limit, stdio: false });
    this.copyInto(child);
    return child;
  }

  /**
   * read(2). Does not wait, unless the eventfd is shared between workers and blocking.
   *
   * @param fd A descriptor
   * @param buffer Takes the counter in its first 8 bytes
   * @returns 8
   * @throws {KvmError} EBADF; EINVAL below 8 bytes; EAGAIN at 0, also where the kernel would wait (see
   *   {@linkcode FileTable.readAsync}); EFAULT, with the counter lost
   */
  read(fd: number, buffer: UserBuffer): number {
    return this.file(fd).read(buffer);
  }

  /**
   * readv(2), and preadv2(2) at the current position.
   *
   * @param fd A descriptor
   * @param segments Take the counter, 4 + 4 bytes too since 5.8
   * @param options Flags of preadv2
   * @returns Bytes read
   * @throws {KvmError} as {@linkcode FileTable.read}; EOPNOTSUPP for `nowait` before 5.8
   */
  readv(fd: number, segments: readonly UserBuffer[], options?: ReadOptions): number {
    return this.file(fd).readv(segments, options);
  }

  /**
   * write(2). Does not wait, unless the eventfd is shared between workers and blocking.
   *
   * @param fd A descriptor
   * @param buffer What to add, in 8 bytes
   * @returns 8
   * @throws {KvmError} EBADF; EINVAL for the wrong size, or 2^64-1; EFAULT; EAGAIN without room, also where the kernel
   *   would wait (see {@linkcode FileTable.writeAsync})
   */
  write(fd: number, buffer: UserBuffer): number {
    return this.file(fd).write(buffer);
  }

  /**
   * writev(2): a write for each segment.
   *
   * @param fd A descriptor
   * @param segments 8 bytes each
   * @returns Bytes written
   * @throws {KvmError} as {@linkcode FileTable.write}, when the first segment fails
   */
  writev(fd: number, segments: readonly UserBuffer[]): number {
    return this.file(fd).writev(segments);
  }

  /**
   * read(2) on a thread of its own: waits unless the descriptor is non-blocking. Closing the descriptor or setting
   * O_NONBLOCK does not end the wait.
   *
   * @param fd A descriptor
   * @param buffer Takes the counter in its first 8 bytes
   * @param options How it may be called off
   * @returns 8
   * @throws {KvmError} as {@linkcode FileTable.read}; EINTR when called off
   */
  async readAsync(fd: number, buffer: UserBuffer, options?: WaitOptions): Promise<number> {
    return await this.file(fd).readAsync(buffer, options);
  }

  /**
   * write(2) on a thread of its own: waits unless the descriptor is non-blocking.
   *
   * @param fd A descriptor
   * @param buffer What to add, in 8 bytes
   * @param options How it may be called off
   * @returns 8
   * @throws {KvmError} as {@linkcode FileTable.write}; EINTR when called off
   */
  async writeAsync(fd: number, buffer: UserBuffer, options?: WaitOptions): Promise<number> {
    return await this.file(fd).writeAsync(buffer, options);
  }

  /**
   * libc's eventfd_read(3).
   *
   * @param fd A descriptor
   * @returns The value read
   * @throws {KvmError} as {@linkcode FileTable.read}
   */
  eventfdRead(fd: number): bigint {
    const bytes = new BigUint64Array(1);
    this.read(fd, new Uint8Array(bytes.buffer));
    return bytes[0]!;
  }

  /**
   * libc's eventfd_write(3).
   *
   * @param fd A descriptor
   * @param value What to add (u64)
   * @throws {KvmError} as {@linkcode FileTable.write}
   * @throws {RangeError} when `value` is not a u64
   */
  eventfdWrite(fd: number, value: bigint): void {
    const bytes = new BigUint64Array([value]);
    if (bytes[0] !== value) throw new RangeError(`Value ${value} is not a u64`);
    this.write(fd, new Uint8Array(bytes.buffer));
  }

  /**
   * poll(2) of one descriptor without waiting.
   *
   * @param fd A descriptor
   * @param events `POLL*` bits asked for; all unless told otherwise
   * @returns Those in force, POLLERR and POLLHUP unasked, or POLLNVAL
   */
  poll(fd: number, events = 0xffff): number {
    const file = this.fileIfOpen(fd);
    return file === undefined ? POLLNVAL : file.pollMask() & (events | POLLERR | POLLHUP);
  }

  /**
   * `/proc/self/fdinfo/FD`.
   *
   * @param fd A descriptor
   * @returns The lines of its own, after the common ones; "" for other files
   * @throws {KvmError} EBADF
   */
  fdinfo(fd: number): string {
    return this.file(fd).fdinfo;
  }

  /**
   * fstat(2).
   *
   * @param fd A descriptor
   * @returns What it says
   * @throws {KvmError} EBADF
   */
  fstat(fd: number): FileStat {
    return this.file(fd).stat;
  }

  /**
   * readlink(2) of `/proc/self/fd/FD`.
   *
   * @param fd A descriptor
   * @returns `anon_inode:[eventfd]` of an eventfd
   * @throws {KvmError} EBADF
   */
  readlink(fd: number): string {
    return this.file(fd).path;
  }

  /**
   * lseek(2): nothing moves.
   *
   * @param fd A descriptor
   * @param _offset Any
   * @param whence 0 to 4
   * @returns 0
   * @throws {KvmError} EBADF; EINVAL for another `whence`
   */
  lseek(fd: number, _offset: number, whence: number): number {
    // KERNEL 6.19 fs/read_write.c noop_llseek
    this.file(fd);
    if (whence >= 0 && whence <= 4) return 0;
    throw new KvmError("EINVAL", { check: "whence", detail: `Whence ${hex(whence)} is not known` });
  }

  /**
   * A system call that every eventfd refuses.
   *
   * @param call Which
   * @param fd A descriptor of an eventfd
   * @throws {KvmError} EBADF; then what {@linkcode refusedCalls} says
   */
  refuse(call: RefusedCall, fd: number): never {
    this.lookupEventfd(fd);
    const detail = `An eventfd does not take ${call}`;
    throw new KvmError(refusedCalls[call], { check: "file", detail });
  }
}
