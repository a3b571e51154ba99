import type { Libc } from "./_libc.ts";

const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;
const FIRST = 1024;
const STEP = 256;
const TRIES = 256;

let next = FIRST;

/**
 * Numbers for the descriptors of one system, away from those that the runtime and other threads take. So a number that
 * was closed here stays closed until it is used here again, as in a process of its own.
 */
export class DescriptorRange {
  readonly #libc: Libc;
  readonly #marker: number;

  /** Claims a range: whoever duplicates a descriptor to the first number of it has it. */
  constructor(libc: Libc, kvmFd: number) {
    this.#libc = libc;
    this.#marker = claim(libc, kvmFd);
  }

  /** dup(2) into the range: the lowest number free. */
  dup(fd: number, closeOnExec: boolean): number {
    const command = closeOnExec ? F_DUPFD_CLOEXEC : F_DUPFD;
    return this.#libc.call.fcntl(fd, command, this.#marker + 1);
  }

  /** Takes a new descriptor into the range; a failed call stays as it is. */
  move(fd: number, closeOnExec: boolean): number {
    if (fd < 0 || this.#marker < 0) return fd;
    const moved = this.dup(fd, closeOnExec);
    if (moved < 0) return fd;
    this.#libc.call.close(fd);
    return moved;
  }

  /** Gives the range back. */
  release(): void {
    if (this.#marker >= 0) this.#libc.call.close(this.#marker);
  }
}

/** The first number of the range, or -1 where the limit of descriptors leaves no room for one. */
function claim(libc: Libc, kvmFd: number): number {
  for (let i = 0; i < TRIES; i++) {
    const wanted = next;
    next += STEP;
    const got = libc.call.fcntl(kvmFd, F_DUPFD_CLOEXEC, wanted);
    if (got === wanted) return got;
    if (got >= 0) libc.call.close(got);
    else if (wanted === FIRST) return -1;
    else next = FIRST;
  }
  return -1;
}
