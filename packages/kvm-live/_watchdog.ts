import { errno } from "@ioeventfd/uapi";
import type { Libc } from "./_libc.ts";

const SYS_rt_sigprocmask = 14n;
const SYS_rt_sigtimedwait = 128n;
const SYS_gettid = 186n;
const SYS_timer_create = 222n;
const SYS_timer_settime = 223n;
const SYS_timer_delete = 226n;
const CLOCK_MONOTONIC = 1;
const SIGEV_THREAD_ID = 4;
const SIG_BLOCK = 0;
const SIG_UNBLOCK = 1;
const SIGSET_SIZE = 8n;

// A real-time signal that nobody else uses: SIGALRM may have a listener, the first ones belong to the C library.
const SIGNAL = 50;
const BIT = 1n << BigInt(SIGNAL - 1);

const TICK_MS = 100;

/**
 * What takes this thread out of a `KVM_RUN` that does not end: a timer that sends it a signal which is blocked
 * everywhere but within `KVM_RUN` (`KVM_SET_SIGNAL_MASK`), so it never needs a handler and never ends the process.
 *
 * The timer ticks on its own and costs a run nothing. While a tick waits to be taken, the kernel does not run the timer.
 */
export class Watchdog {
  /** Argument of `KVM_SET_SIGNAL_MASK`: the signals blocked in `KVM_RUN`, ours not among them. */
  readonly signalMask: Uint8Array;
  readonly #libc: Libc;
  readonly #set = new BigUint64Array([BIT]);
  readonly #noWait = new BigUint64Array(2);
  readonly #time = new BigUint64Array(4);
  readonly #wasBlocked: boolean;
  #timer: number;

  constructor(libc: Libc) {
    this.#libc = libc;
    const before = new BigUint64Array(1);
    libc.check(
      libc.call.sigprocmask(SYS_rt_sigprocmask, SIG_BLOCK, this.#set, before, SIGSET_SIZE),
      "Cannot block the signal of the time limit",
    );
    this.#wasBlocked = (before[0]! & BIT) !== 0n;
    const event = new Int32Array(16);
    event[2] = SIGNAL;
    event[3] = SIGEV_THREAD_ID;
    event[4] = libc.call.syscall0(SYS_gettid);
    const id = new Int32Array(1);
    libc.check(
      libc.call.timerCreate(SYS_timer_create, CLOCK_MONOTONIC, event, id),
      "Cannot create the timer of the time limit",
    );
    this.#timer = id[0]!;
    const mask = new DataView(new ArrayBuffer(12));
    mask.setUint32(0, Number(SIGSET_SIZE), true);
    mask.setBigUint64(4, before[0]! & ~BIT, true);
    this.signalMask = new Uint8Array(mask.buffer);
    this.tick(TICK_MS);
  }

  /** Sends the signal every so many milliseconds from now on. */
  tick(milliseconds: number = TICK_MS): void {
    const nanoseconds = Math.max(1, Math.round(milliseconds * 1e6));
    this.#time[0] = this.#time[2] = BigInt(Math.floor(nanoseconds / 1e9));
    this.#time[1] = this.#time[3] = BigInt(nanoseconds % 1e9);
    this.#libc.check(
      this.#libc.call.timerSettime(SYS_timer_settime, this.#timer, 0, this.#time, 0n),
      "Cannot set the timer of the time limit",
    );
    // A tick of before may still be pending; newer kernels drop it, but not before it has ended a KVM_RUN.
    this.take();
  }

  /** Takes the signal if it is there. */
  take(): boolean {
    for (;;) {
      const { call } = this.#libc;
      const got = call.sigtimedwait(
        SYS_rt_sigtimedwait,
        this.#set,
        0n,
        this.#noWait,
        SIGSET_SIZE,
      );
      if (got === SIGNAL) return true;
      if (this.#libc.errno() !== errno.EINTR) return false;
    }
  }

  /** Ends the timer and leaves the thread's signals as they were found. */
  end(): void {
    this.#libc.call.timerDelete(SYS_timer_delete, this.#timer);
    this.take();
    if (this.#wasBlocked) return;
    const old = new BigUint64Array(1);
    this.#libc.call.sigprocmask(SYS_rt_sigprocmask, SIG_UNBLOCK, this.#set, old, SIGSET_SIZE);
  }
}

let shared: Watchdog | undefined;
let users = 0;

/** The watchdog of this thread, made when the first user comes. */
export function acquireWatchdog(libc: Libc): Watchdog {
  shared ??= new Watchdog(libc);
  users++;
  return shared;
}

/** Gives it back; the last user ends it. */
export function releaseWatchdog(): void {
  if (--users > 0) return;
  shared?.end();
  shared = undefined;
}
