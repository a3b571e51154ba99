/**
 * Open files that are not eventfds.
 *
 * @module
 */
import { KvmError } from "@ioeventfd/uapi";
import type { ErrnoName, OtherFile } from "@ioeventfd/uapi";
import { O_PATH, O_RDWR, O_WRONLY } from "./fcntl.ts";
import { FileReferences } from "./_file_references.ts";
import type { FileStat, OpenFile } from "./open_file.ts";
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from "./poll_events.ts";
import { UnmappedBuffer } from "./user_buffer.ts";
import type { UserBuffer } from "./user_buffer.ts";

interface Kind {
  readonly path: string;
  readonly statusFlags: number;
  readonly pollMask: number;
  readonly pollable: boolean;
  readonly readErrno: ErrnoName;
  readonly writeErrno: ErrnoName;
}

const always = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

/** As each is right after it was opened, and stays. */
const kinds: Readonly<Record<OtherFile, Kind>> = {
  pipe: kind("pipe:[1]", 0, 0, true, "EAGAIN", "EBADF"),
  file: kind("/file", O_WRONLY, always, false, "EBADF", "EINVAL"),
  socket: kind("socket:[1]", O_RDWR, POLLOUT | POLLHUP, true, "EINVAL", "EINVAL"),
  timerfd: kind("anon_inode:[timerfd]", O_RDWR, 0, true, "EAGAIN", "EINVAL"),
  epoll: kind("anon_inode:[eventpoll]", O_RDWR, 0, true, "EINVAL", "EINVAL"),
  o_path: kind("/path", O_PATH, POLLNVAL, false, "EBADF", "EBADF"),
  dev_kvm: kind("/dev/kvm", O_RDWR, always, false, "EINVAL", "EINVAL"),
  vm_fd: kind("anon_inode:kvm-vm", O_RDWR, always, false, "EINVAL", "EINVAL"),
};

function kind(
  path: string,
  statusFlags: number,
  pollMask: number,
  pollable: boolean,
  readErrno: ErrnoName,
  writeErrno: ErrnoName,
): Kind {
  return { path, statusFlags, pollMask, pollable, readErrno, writeErrno };
}

/**
 * An open file that is not an eventfd: there to be refused as the kernel refuses it. A `file` is as creat(2) makes it,
 * empty and write-only, and counts the bytes written; through the others no bytes pass.
 */
export class OtherOpenFile implements OpenFile {
  /** What it is. */
  readonly kind: OtherFile;
  /** It has no counter. */
  readonly context: undefined = undefined;
  /** `O_*` status flags. */
  statusFlags: number;
  /** What readlink(2) of `/proc/self/fd/N` says. */
  readonly path: string;
  /** It has no lines of its own. */
  readonly fdinfo: string = "";
  /** May be watched by an epoll set. */
  readonly pollable: boolean;
  readonly #kind: Kind;
  readonly #references = new FileReferences();
  #size = 0;

  /**
   * Opens it.
   *
   * @param name What it is
   */
  constructor(name: OtherFile) {
    this.kind = name;
    this.#kind = kinds[name];
    this.statusFlags = this.#kind.statusFlags;
    this.path = this.#kind.path;
    this.pollable = this.#kind.pollable;
  }

  /** What fstat(2) says. */
  get stat(): FileStat {
    return { size: this.#size, mode: 0o600, nlink: 1 };
  }

  /** Takes a reference. */
  acquire(): void {
    this.#references.acquire();
  }

  /** Drops a reference. */
  release(): void {
    this.#references.release();
  }

  /** Asks to be told when the last reference goes; returns how to take that back. */
  onClose(callback: () => void): () => void {
    return this.#references.onClose(callback);
  }

  /** Refuses. */
  read(_buffer: UserBuffer): number {
    return this.#refuse("read", this.#kind.readErrno);
  }

  /** Refuses. */
  readv(_segments: readonly UserBuffer[]): number {
    return this.#refuse("read", this.#kind.readErrno);
  }

  /** Counts the bytes, of a `file`; refuses otherwise. */
  write(buffer: UserBuffer): number {
    if (this.kind !== "file") return this.#refuse("written", this.#kind.writeErrno);
    if (buffer instanceof UnmappedBuffer && buffer.byteLength > 0) {
      throw new KvmError("EFAULT", { check: "address", detail: "The buffer is not mapped" });
    }
    this.#size += buffer.byteLength;
    return buffer.byteLength;
  }

  /** A write for each segment. */
  writev(segments: readonly UserBuffer[]): number {
    return segments.reduce((sum, segment) => sum + this.write(segment), 0);
  }

  /** Refuses. */
  readAsync(buffer: UserBuffer): Promise<number> {
    return new Promise((resolve) => resolve(this.read(buffer)));
  }

  /** As {@linkcode OtherOpenFile.write}. */
  writeAsync(buffer: UserBuffer): Promise<number> {
    return new Promise((resolve) => resolve(this.write(buffer)));
  }

  /** `POLL*` bits, which never change. */
  pollMask(): number {
    return this.#kind.pollMask;
  }

  /** Nothing ever wakes it. */
  addWaiter(): () => void {
    return () => {};
  }

  #refuse(what: string, errno: ErrnoName): never {
    throw new KvmError(errno, { check: "file", detail: `A ${this.kind} cannot be ${what} here` });
  }
}
