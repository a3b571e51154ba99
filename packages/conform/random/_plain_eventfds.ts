import { type ErrnoName, KvmError, type OtherFile } from "@ioeventfd/uapi";

const most = (1n << 64n) - 1n;
const NONBLOCK = 0x800, CLOEXEC = 0x8_0000, SEMAPHORE = 1;
const IN = 1, OUT = 4, ERR = 8, INVALID = 32;

/** A counter. */
export class PlainEventfd {
  count: bigint;
  readonly semaphore: boolean;

  constructor(count: number, flags: number) {
    this.count = BigInt(count);
    this.semaphore = (flags & SEMAPHORE) !== 0;
  }

  // KERNEL 6.19 fs/eventfd.c eventfd_signal_mask
  signal(): void {
    if (this.count < most) this.count++;
  }
}

/** Descriptors of one process, never the same number twice. */
export class PlainFiles {
  readonly #open = new Map<number, PlainEventfd | OtherFile>();
  #next = 3;

  // KERNEL 6.19 fs/eventfd.c do_eventfd
  eventfd(initial: number, flags: number): number {
    if ((flags & ~(NONBLOCK | CLOEXEC | SEMAPHORE)) !== 0) refuse("EINVAL", "flags");
    return this.#add(new PlainEventfd(initial, flags));
  }

  other(kind: OtherFile): number {
    return this.#add(kind);
  }

  dup(fd: number): number {
    return this.#add(this.#file(fd));
  }

  close(fd: number): void {
    this.#file(fd);
    this.#open.delete(fd);
  }

  // KERNEL 6.19 fs/eventfd.c eventfd_ctx_fdget: no file at all behind O_PATH
  context(fd: number): PlainEventfd {
    const file = this.#file(fd);
    if (file === "o_path") refuse("EBADF", "fd");
    if (typeof file === "string") refuse("EINVAL", "fd");
    return file;
  }

  // KERNEL 6.19 fs/eventfd.c eventfd_read
  read(fd: number): bigint {
    const eventfd = this.context(fd), { count, semaphore } = eventfd;
    if (count === 0n) refuse("EAGAIN", "empty");
    const taken = semaphore ? 1n : count;
    eventfd.count -= taken;
    return taken;
  }

  // KERNEL 6.19 fs/eventfd.c eventfd_write
  write(fd: number, value: bigint): void {
    const eventfd = this.context(fd);
    if (value === most) refuse("EINVAL", "value");
    if (eventfd.count + value >= most) refuse("EAGAIN", "full");
    eventfd.count += value;
  }

  // KERNEL 6.19 fs/eventfd.c eventfd_poll
  poll(fd: number): number {
    const file = this.#open.get(fd);
    if (file === undefined) return INVALID;
    const { count } = this.context(fd);
    return (count > 0n ? IN : 0) | (count === most ? ERR : 0) | (count < most - 1n ? OUT : 0);
  }

  #add(file: PlainEventfd | OtherFile): number {
    this.#open.set(this.#next, file);
    return this.#next++;
  }

  #file(fd: number): PlainEventfd | OtherFile {
    return this.#open.get(fd) ?? refuse("EBADF", "fd");
  }
}

/** Throws as the kernel refuses. */
export function refuse(code: ErrnoName, check: string): never {
  throw new KvmError(code, { check, detail: `Refused by check ${check}` });
}
