/**
 * Vectors of registrations alone: kinds `register` and `collide`.
 *
 * @module
 */
import { EFD_SEMAPHORE } from "@ioeventfd/uapi";
import type { KvmBackend, KvmSystem, OtherFile } from "@ioeventfd/uapi";
import { ioeventfdCall } from "./_ioeventfd_call.ts";
import { onSystem } from "./_on_system.ts";
import type { PlayOptions } from "./play_options.ts";
import type { Outcome } from "./outcome.ts";
import type { CollideVector, RegisterVector } from "./vector.ts";
import { Comparison, skipped } from "./vector_result.ts";
import type { VectorResult } from "./vector_result.ts";

/** Names of descriptors in vectors, and how each is had. */
const descriptors: Readonly<Record<string, (kvm: KvmSystem) => number>> = {
  eventfd: (kvm) => kvm.eventfd(0, 0),
  semaphore: (kvm) => kvm.eventfd(0, EFD_SEMAPHORE),
  dup_eventfd: (kvm) => kvm.dup(kvm.eventfd(0, 0)),
  closed: (kvm) => {
    const fd = kvm.eventfd(0, 0);
    kvm.close(fd);
    return fd;
  },
  minus1: () => -1,
  int_max: () => 0x7fff_ffff,
  int_min: () => -0x8000_0000,
  pipe: open("pipe"),
  pipe_r: open("pipe"),
  pipe_w: open("pipe"),
  file: open("file"),
  socket: open("socket"),
  timerfd: open("timerfd"),
  epoll: open("epoll"),
  o_path: open("o_path"),
  dev_kvm: open("dev_kvm"),
  vm_fd: open("vm_fd"),
};

function open(kind: OtherFile): (kvm: KvmSystem) => number {
  return (kvm) => kvm.openOther(kind);
}

/**
 * What a backend answers to a `register` vector.
 *
 * @param backend Model or live kernel
 * @param vector What to do
 * @param options How to end
 * @returns The vector with the backend's answer; null for a kind of descriptor nobody knows
 */
export function observeRegister(
  backend: KvmBackend,
  vector: RegisterVector,
  options: PlayOptions = {},
): RegisterVector | null {
  const descriptor = Object.hasOwn(descriptors, vector.op.fd)
    ? descriptors[vector.op.fd]
    : undefined;
  if (descriptor === undefined) return null;
  return onSystem(backend, options, (kvm) => {
    const vm = kvm.createVm(), fd = descriptor(kvm);
    return { ...vector, errno: ioeventfdCall(vm, vector.op, fd) };
  });
}

/**
 * Runs a `register` vector.
 *
 * @param backend Model or live kernel
 * @param vector What to do and what Linux answered
 * @param options How to end
 * @returns Passed, failed, or skipped for a kind of descriptor nobody knows
 */
export function runRegister(
  backend: KvmBackend,
  vector: RegisterVector,
  options: PlayOptions = {},
): VectorResult {
  const observed = observeRegister(backend, vector, options);
  if (observed === null) return skipped(vector, `no descriptor "${vector.op.fd}"`);
  const comparison = new Comparison();
  comparison.same("errno", String(vector.errno), String(observed.errno));
  return comparison.result(vector);
}

/** What a backend answers to a `collide` vector. */
export interface CollideObservation {
  /** Errno of the first registration: a vector has null. */
  readonly first: Outcome;
  /** Errno of the second. */
  readonly errno: Outcome;
}

/**
 * What a backend answers to a `collide` vector.
 *
 * @param backend Model or live kernel
 * @param vector Two registrations
 * @param options How to end
 * @returns Both answers
 */
export function observeCollide(
  backend: KvmBackend,
  vector: CollideVector,
  options: PlayOptions = {},
): CollideObservation {
  return onSystem(backend, options, (kvm) => {
    const vm = kvm.createVm(), fd = kvm.eventfd(0, 0);
    const other = vector.second.fd === "same" ? fd : kvm.eventfd(0, 0);
    const first = ioeventfdCall(vm, vector.first, fd);
    return { first, errno: ioeventfdCall(vm, vector.second, other) };
  });
}

/**
 * Runs a `collide` vector.
 *
 * @param backend Model or live kernel
 * @param vector Two registrations and what Linux answered to the second
 * @param options How to end
 * @returns Passed or failed
 */
export function runCollide(
  backend: KvmBackend,
  vector: CollideVector,
  options: PlayOptions = {},
): VectorResult {
  const { first, errno } = observeCollide(backend, vector, options);
  const comparison = new Comparison();
  comparison.same("errno of the first", "null", String(first));
  comparison.same("errno", String(vector.errno), String(errno));
  return comparison.result(vector);
}
