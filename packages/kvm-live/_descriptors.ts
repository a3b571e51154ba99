import { errno, hex } from "@ioeventfd/uapi";
import { failure, type Libc } from "./_libc.ts";

/** The descriptors that one owner opened and has to close. */
export class Descriptors {
  readonly #libc: Libc;
  readonly #open = new Set<number>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Takes a descriptor over, or throws the errno of the call that should have made it. */
  own(fd: number, detail: string | (() => string)): number {
    this.#libc.check(fd, detail);
    this.#open.add(fd);
    return fd;
  }

  /**
   * close(2). A number that this owner did not open is EBADF, whatever the process has there: it belongs to the
   * runtime.
   */
  close(fd: number): void {
    if (!this.#open.delete(fd)) {
      throw failure(errno.EBADF, `Descriptor ${hex(fd)} is not open here`);
    }
    this.#libc.check(this.#libc.call.close(fd), `Cannot close descriptor ${hex(fd)}`);
  }

  /** Closes what is open. */
  closeAll(): void {
    for (const fd of this.#open) this.#libc.call.close(fd);
    this.#open.clear();
  }
}
