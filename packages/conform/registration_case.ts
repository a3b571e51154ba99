/**
 * Cases of registrations alone: no guest runs, and many share a VM, so a hundred thousand of them take seconds.
 *
 * @module
 */
import type { HistoryOp, IoeventfdOp } from "./history.ts";

/** Calls of `KVM_IOEVENTFD` on one VM, with descriptors of the {@linkcode registrationPool}. */
export interface RegistrationCase {
  /** The calls; `vm` is 0. */
  readonly ops: readonly IoeventfdOp[];
  /** Addresses are where they say, so that the case has a VM of its own; otherwise they count from a place of its own. */
  readonly absolute: boolean;
}

/** The descriptors that cases use: an eventfd, another, a dup of the first, a semaphore, a closed one, other kinds. */
export const registrationPool: readonly HistoryOp[] = [
  { op: "eventfd", fd: 0, initial: 0, flags: 0 },
  { op: "eventfd", fd: 1, initial: 0, flags: 0 },
  { op: "dup", fd: 2, of: 0 },
  { op: "eventfd", fd: 3, initial: 0, flags: 1 },
  { op: "open", fd: 5, kind: "pipe" },
  { op: "open", fd: 6, kind: "file" },
  { op: "open", fd: 7, kind: "socket" },
  { op: "open", fd: 8, kind: "timerfd" },
  { op: "open", fd: 9, kind: "epoll" },
  { op: "open", fd: 10, kind: "o_path" },
  { op: "open", fd: 11, kind: "dev_kvm" },
  { op: "open", fd: 12, kind: "vm_fd" },
  { op: "eventfd", fd: 4, initial: 0, flags: 0 },
  { op: "close", fd: 4 },
];

/**
 * Where the addresses of a case count from when it is number `index` on its VM: 8 below a multiple of 2^32, so that both
 * words of an address are at work.
 *
 * @param index From 0
 */
export function placeOfCase(index: number): bigint {
  return (BigInt(index + 1) << 32n) - 8n;
}

/**
 * A case as a history of its own.
 *
 * @param one The case
 * @returns What is done on a fresh VM, with only those descriptors made that it uses
 */
export function caseHistory(one: RegistrationCase): HistoryOp[] {
  const used = new Set<unknown>(one.ops.map(({ fd }) => fd));
  if (used.has(2)) used.add(0);
  const place = one.absolute ? 0n : placeOfCase(0);
  const made = registrationPool.filter((op) => "fd" in op && used.has(op.fd));
  return [...made, ...one.ops.map((op) => ({ ...op, addr: BigInt.asUintN(64, op.addr + place) }))];
}
