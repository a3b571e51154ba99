/**
 * An eventfd on a stage.
 *
 * @module
 */
import { EFD_NONBLOCK } from "@ioeventfd/uapi";
import type { KvmSystem } from "@ioeventfd/uapi";
import type { EventLog } from "./event_log.ts";

/** An eventfd with a name for reports. */
export class StageEventfd {
  /** What reports call it. */
  readonly name: string;
  /** Its descriptor. */
  readonly fd: number;
  /** `EFD_*` flags it was made with. */
  readonly flags: number;
  readonly #kvm: KvmSystem;
  readonly #log: EventLog;

  /** @ignore Made by {@linkcode Stage.eventfd}. */
  constructor(kvm: KvmSystem, log: EventLog, name: string, fd: number, flags: number) {
    this.#kvm = kvm;
    this.#log = log;
    this.name = name;
    this.fd = fd;
    this.flags = flags;
  }

  /** @ignore Opens an eventfd that nobody blocks on. */
  static open(
    kvm: KvmSystem,
    log: EventLog,
    name: string,
    value: number,
    flags: number,
  ): StageEventfd {
    const all = flags | EFD_NONBLOCK;
    return new StageEventfd(kvm, log, name, kvm.eventfd(value, all), all);
  }

  /** The counter, without consuming it. */
  count(): bigint {
    return this.#kvm.eventfdCount(this.fd);
  }

  /**
   * Reads the counter, as the thread that serves the doorbell would.
   *
   * @returns The counter, which is 0 afterwards (a semaphore gives 1 and loses 1)
   * @throws {KvmError} EAGAIN when it is 0
   */
  read(): bigint {
    const value = this.#kvm.eventfdRead(this.fd);
    this.#log.happened(`read(${this.name}) = ${value}`);
    return value;
  }

  /**
   * Adds to the counter from userspace.
   *
   * @param value What to add, a u64 below 2^64-1
   */
  write(value: bigint): void {
    this.#kvm.eventfdWrite(this.fd, value);
    this.#log.happened(`write(${this.name}, ${value})`);
  }

  /** Another descriptor of the same eventfd. */
  dup(name: string): StageEventfd {
    const fd = this.#kvm.dup(this.fd);
    this.#log.happened(`dup(${this.name}) = ${name}`);
    return new StageEventfd(this.#kvm, this.#log, name, fd, this.flags);
  }

  /** Closes the descriptor. A registration keeps the eventfd itself alive. */
  close(): void {
    this.#kvm.close(this.fd);
    this.#log.happened(`close(${this.name})`);
  }

  /**
   * Expects the counter to hold so many kicks.
   *
   * @param expected The number
   * @throws {ExpectationError} when it holds another number
   */
  expectCount(expected: number | bigint): void {
    this.#log.compare(`counter of ${this.name}`, String(expected), String(this.count()));
  }
}
