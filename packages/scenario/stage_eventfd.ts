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
  readonly #kvm: KvmSystem;
  readonly #log: EventLog;

  /**
   * @param kvm Where it is opened
   * @param log Where expectations are kept
   * @param name What reports call it
   * @param initialValue Counter at the start, a u32
   * @param flags `EFD_*` flags beside `EFD_NONBLOCK`
   */
  constructor(kvm: KvmSystem, log: EventLog, name: string, initialValue: number, flags: number) {
    this.#kvm = kvm;
    this.#log = log;
    this.name = name;
    this.fd = kvm.eventfd(initialValue, flags | EFD_NONBLOCK);
  }

  /** The counter, without consuming it. */
  count(): bigint {
    return this.#kvm.eventfdCount(this.fd);
  }

  /** Reads the counter, as the thread that serves the doorbell would. */
  read(): bigint {
    return this.#kvm.eventfdRead(this.fd);
  }

  /** Adds to the counter from userspace. */
  write(value: bigint): void {
    this.#kvm.eventfdWrite(this.fd, value);
  }

  /** Closes the descriptor. A registration keeps the eventfd itself alive. */
  close(): void {
    this.#kvm.close(this.fd);
    this.#log.happened(`close(${this.name})`);
  }

  /**
   * Expects the counter to hold so many kicks.
   *
   * @throws {ExpectationError} when it holds another number
   */
  expectCount(expected: number | bigint): void {
    this.#log.compare(`counter of ${this.name}`, String(expected), String(this.count()));
  }
}
