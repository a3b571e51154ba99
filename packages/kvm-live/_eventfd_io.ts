import { errno, hex, POLLIN, POLLOUT } from "@ioeventfd/uapi";
import { failure, type Libc, O_CLOEXEC, O_NONBLOCK, O_RDONLY } from "./_libc.ts";

const F_GETFL = 3;
const F_SETFL = 4;
const latin1 = new TextDecoder("latin1");

/** What is done with the descriptors of eventfds, none of it blocking. */
export class EventfdIo {
  readonly #libc: Libc;
  readonly #word = new BigUint64Array(1);
  readonly #text = new Uint8Array(512);
  readonly #pollfd = new DataView(new ArrayBuffer(8));

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** read(2) of 8 bytes; EAGAIN where it would block, as on a non-blocking descriptor. */
  read(fd: number): bigint {
    this.#withoutBlocking(fd, () => this.#libc.call.read(fd, this.#word, 8n), "read");
    return this.#word[0]!;
  }

  /** write(2) of 8 bytes; EAGAIN where it would block, as on a non-blocking descriptor. */
  write(fd: number, value: bigint): void {
    this.#word[0] = value;
    this.#withoutBlocking(fd, () => this.#libc.call.write(fd, this.#word, 8n), "write");
  }

  /** The counter, left as it is. */
  count(fd: number): bigint {
    const { call } = this.#libc;
    const file = this.#libc.open(`/proc/self/fdinfo/${fd}`, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      const number = this.#libc.errno();
      throw failure(
        number === errno.ENOENT ? errno.EBADF : number,
        `Descriptor ${hex(fd)} is not open`,
      );
    }
    const got = call.read(file, this.#text, BigInt(this.#text.length));
    call.close(file);
    const text = latin1.decode(this.#text.subarray(0, Math.max(got, 0)));
    const digits = /^eventfd-count:\s*([0-9a-f]+)$/m.exec(text)?.[1];
    if (digits === undefined) {
      throw failure(errno.EINVAL, `Descriptor ${hex(fd)} is not an eventfd`);
    }
    return BigInt(`0x${digits}`);
  }

  /** poll(2) without waiting. */
  poll(fd: number): number {
    this.#pollfd.setInt32(0, fd, true);
    this.#pollfd.setInt16(4, POLLIN | POLLOUT, true);
    this.#pollfd.setInt16(6, 0, true);
    const { call } = this.#libc;
    this.#libc.check(call.poll(this.#pollfd, 1n, 0), `Cannot poll descriptor ${hex(fd)}`);
    return this.#pollfd.getUint16(6, true);
  }

  // The flag belongs to the open file, so it is put back before anybody else can see it.
  #withoutBlocking(fd: number, call: () => number, name: string): void {
    const { fcntl } = this.#libc.call;
    const flags = this.#libc.check(
      fcntl(fd, F_GETFL, 0),
      () => `Cannot ${name} descriptor ${hex(fd)}`,
    );
    const blocks = (flags & O_NONBLOCK) === 0;
    if (blocks) fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    const result = call();
    const number = result < 0 ? this.#libc.errno() : 0;
    if (blocks) fcntl(fd, F_SETFL, flags);
    if (result < 0) throw failure(number, `Cannot ${name} descriptor ${hex(fd)}`);
  }
}
