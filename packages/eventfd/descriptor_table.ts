/**
 * Descriptor numbers on top of open files.
 *
 * @module
 */
import { hex, KvmError } from "@ioeventfd/uapi";
import { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_SETFD, F_SETFL, F_SETOWN } from "./fcntl.ts";
import { FD_CLOEXEC, O_APPEND, O_DIRECT, O_NOATIME, O_NONBLOCK } from "./fcntl.ts";
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX } from "./fcntl.ts";
import { LowestFree } from "./_lowest_free.ts";
import type { OpenFile } from "./open_file.ts";

interface Descriptor {
  readonly file: OpenFile;
  closeOnExec: boolean;
}

/** Numbers on top of open files: the lowest free number first, dup, close, fork and exec. */
export class DescriptorTable {
  /** Descriptors the process may have, `RLIMIT_NOFILE`. */
  readonly limit: number;
  readonly #descriptors = new Map<number, Descriptor>();
  #numbers = new LowestFree();

  /**
   * An empty table.
   *
   * @param limit Descriptors the process may have
   * @throws {RangeError} when that is not a positive integer
   */
  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`Limit ${limit} is not positive`);
    }
    this.limit = limit;
  }

  /** Open descriptors, lowest first. */
  get descriptors(): number[] {
    return [...this.#descriptors.keys()].sort((a, b) => a - b);
  }

  /**
   * The open file of a descriptor, as most system calls find it.
   *
   * @param fd A descriptor
   * @returns Its file
   * @throws {KvmError} EBADF when it is not open, or open with O_PATH
   */
  file(fd: number): OpenFile {
    const { file } = this.#descriptor(fd);
    if (file.kind === "o_path") throw badDescriptor(fd, "is open with O_PATH");
    return file;
  }

  /**
   * As {@linkcode DescriptorTable.file}, without the exception.
   *
   * @param fd A descriptor
   * @returns Its file, or undefined when it is not open, or open with O_PATH
   */
  fileIfOpen(fd: number): OpenFile | undefined {
    const file = this.#descriptors.get(fd)?.file;
    return file?.kind === "o_path" ? undefined : file;
  }

  /**
   * Gives a file a descriptor. The descriptor keeps the caller's reference.
   *
   * @param file An open file
   * @param closeOnExec Closed by {@linkcode DescriptorTable.exec}
   * @returns The lowest free descriptor
   * @throws {KvmError} EMFILE at the limit; the file is then released
   */
  install(file: OpenFile, closeOnExec = false): number {
    try {
      return this.#place(this.#take(0), file, closeOnExec);
    } catch (error) {
      file.release();
      throw error;
    }
  }

  /**
   * Gives a file this descriptor, closing what was there. The descriptor keeps the caller's reference.
   *
   * @param fd The number
   * @param file An open file
   * @param closeOnExec Closed by {@linkcode DescriptorTable.exec}
   * @throws {KvmError} EBADF when the number is out of range; the file is then released
   */
  installAt(fd: number, file: OpenFile, closeOnExec = false): void {
    if (!Number.isInteger(fd) || fd < 0 || fd >= this.limit) {
      file.release();
      throw badDescriptor(fd, "is out of range");
    }
    const old = this.#descriptors.get(fd);
    this.#numbers.reserve(fd);
    this.#place(fd, file, closeOnExec);
    old?.file.release();
  }

  /**
   * dup(2).
   *
   * @param fd An open descriptor
   * @returns The lowest free descriptor, for the same file, not closed by exec
   * @throws {KvmError} EBADF; EMFILE at the limit
   */
  dup(fd: number): number {
    return this.#duplicate(this.#descriptor(fd).file, 0, false);
  }

  /**
   * dup2(2).
   *
   * @param fd An open descriptor
   * @param target The number it gets too; what was there is closed
   * @returns `target`
   * @throws {KvmError} EBADF
   */
  dup2(fd: number, target: number): number {
    const { file } = this.#descriptor(fd);
    if (fd === target) return fd;
    file.acquire();
    this.installAt(target, file);
    return target;
  }

  /**
   * close(2). The file lives on under its dups, and an eventfd's context under KVM's references.
   *
   * @param fd An open descriptor
   * @throws {KvmError} EBADF
   */
  close(fd: number): void {
    const { file } = this.#descriptor(fd);
    this.#descriptors.delete(fd);
    this.#numbers.free(fd);
    file.release();
  }

  /** What execve(2) does to descriptors: closes those with close-on-exec. */
  exec(): void {
    for (const fd of this.descriptors) if (this.#descriptor(fd).closeOnExec) this.close(fd);
  }

  /** What the end of the process does: closes all. */
  closeAll(): void {
    for (const fd of this.descriptors) this.close(fd);
  }

  /**
   * fcntl(2).
   *
   * @param fd An open descriptor
   * @param command `F_*`
   * @param argument Its argument
   * @returns What the command answers
   * @throws {KvmError} EBADF; EINVAL for a command not known, a dup number out of range, or O_DIRECT; EMFILE
   */
  fcntl(fd: number, command: number, argument = 0): number {
    // KERNEL 6.19 fs/fcntl.c do_fcntl
    const descriptor = this.#descriptor(fd);
    const { file } = descriptor;
    switch (command) {
      case F_GETFD:
        return descriptor.closeOnExec ? FD_CLOEXEC : 0;
      case F_SETFD:
        descriptor.closeOnExec = (argument & FD_CLOEXEC) !== 0;
        return 0;
      case F_DUPFD:
      case F_DUPFD_CLOEXEC:
        if (argument < 0 || argument >= this.limit) throw invalid(`Descriptor ${hex(argument)}`);
        return this.#duplicate(file, argument, command === F_DUPFD_CLOEXEC);
      case F_GETFL:
        return file.statusFlags;
    }
    this.file(fd);
    if (command === F_SETOWN) return 0;
    if (command !== F_SETFL) throw invalid(`Command ${hex(command)}`);
    // KERNEL 6.19 fs/fcntl.c setfl: O_ASYNC is neither kept nor refused
    if ((argument & O_DIRECT) !== 0) throw invalid("O_DIRECT");
    const settable = O_APPEND | O_NONBLOCK | O_NOATIME;
    file.statusFlags = (file.statusFlags & ~settable) | (argument & settable);
    return 0;
  }

  /**
   * ioctl(2), of the requests that every file takes.
   *
   * @param fd An open descriptor
   * @param request `FIO*`
   * @param argument What the argument points at
   * @returns 0
   * @throws {KvmError} EBADF; ENOTTY for any other request, and for turning FIOASYNC on
   */
  ioctl(fd: number, request: number, argument = 0): number {
    // KERNEL 6.19 fs/ioctl.c do_vfs_ioctl
    const file = this.file(fd);
    switch (request) {
      case FIOCLEX:
      case FIONCLEX:
        this.#descriptor(fd).closeOnExec = request === FIOCLEX;
        return 0;
      case FIONBIO:
        file.statusFlags = (file.statusFlags & ~O_NONBLOCK) | (argument === 0 ? 0 : O_NONBLOCK);
        return 0;
      case FIOASYNC:
        if (argument === 0) return 0;
    }
    const detail = `Request ${hex(request)} is not for a ${file.kind}`;
    throw new KvmError("ENOTTY", { check: "request", detail });
  }

  /** Puts the same open files in an empty table, as fork(2) does. */
  protected copyInto(child: DescriptorTable): void {
    child.#numbers = this.#numbers.clone();
    for (const [fd, { file, closeOnExec }] of this.#descriptors) {
      file.acquire();
      child.#descriptors.set(fd, { file, closeOnExec });
    }
  }

  #descriptor(fd: number): Descriptor {
    const descriptor = this.#descriptors.get(fd);
    if (descriptor === undefined) throw badDescriptor(fd, "is not open");
    return descriptor;
  }

  #duplicate(file: OpenFile, from: number, closeOnExec: boolean): number {
    const fd = this.#place(this.#take(from), file, closeOnExec);
    file.acquire();
    return fd;
  }

  #take(from: number): number {
    const fd = this.#numbers.take(from);
    if (fd < this.limit) return fd;
    this.#numbers.free(fd);
    throw new KvmError("EMFILE", {
      check: "limit",
      detail: `All of ${hex(this.limit)} descriptors are taken`,
    });
  }

  #place(fd: number, file: OpenFile, closeOnExec: boolean): number {
    this.#descriptors.set(fd, { file, closeOnExec });
    return fd;
  }
}

function badDescriptor(fd: number, why: string): KvmError {
  return new KvmError("EBADF", { check: "fd", detail: `Descriptor ${hex(fd)} ${why}` });
}

function invalid(what: string): KvmError {
  return new KvmError("EINVAL", { check: "fcntl", detail: `${what} is not accepted` });
}
