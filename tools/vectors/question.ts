/**
 * Questions that vectors are made of: what a kernel is asked, before any has answered.
 *
 * @module
 */
import type { BusOp, BusVector, CollideVector, RegisterVector } from "@ioeventfd/conform";
import type { Registration } from "@ioeventfd/uapi";

/** DATAMATCH. */
export const DM = 1;
/** PIO. */
export const PIO = 2;
/** DEASSIGN. */
export const DEASSIGN = 4;
/** VIRTIO_CCW_NOTIFY. */
export const CCW = 8;
/** 2^64. */
export const TOP: bigint = 1n << 64n;
/** First address that nothing backs in any of them. */
export const BASE = 0xd000_0000n;

/** A registration, DATAMATCH set where a value is given. */
export function registration(
  addr: bigint,
  len: number,
  flags = 0,
  datamatch?: bigint,
): Registration {
  const match = datamatch === undefined ? 0 : DM;
  return { addr, len, flags: (flags | match) >>> 0, datamatch: datamatch ?? 0n };
}

/** An id that sorts: `KIND/TOPIC/00007`. */
export function id(kind: string, topic: string, number: number): string {
  return `${kind}/${topic}/${String(number).padStart(5, "0")}`;
}

/** One call on an empty VM. */
export function askRegister(name: string, op: Registration, fd: string): RegisterVector {
  return { id: name, kind: "register", op: { ...op, fd }, errno: null };
}

/** Two calls. */
export function askCollide(
  name: string,
  first: Registration,
  second: Registration,
  fd: "same" | "other",
): CollideVector {
  return { id: name, kind: "collide", first, second: { ...second, fd }, errno: null };
}

/** An op of a `bus` question: registering, or the number of what is taken away. */
export type BusStep = Registration | number;

/** A history and writes; eventfds are numbered in the order of registrations. */
export function askBus(
  name: string,
  bus: "mmio" | "pio",
  steps: readonly BusStep[],
  writes: BusVector["writes"],
): BusVector {
  let fd = 0;
  const ops = steps.map((step): BusOp =>
    typeof step === "number"
      ? { op: "deassign", fd: step, errno: null }
      : { op: "assign", ...step, fd: fd++, errno: null }
  );
  return { id: name, kind: "bus", bus, ops, writes, counters: [], userspace: [] };
}
