/**
 * Vectors of registrations alone: kinds `register` and `collide`.
 *
 * @module
 */
import { EFD_SEMAPHORE } from "@ioeventfd/uapi";
import type { KvmBackend, KvmSystem, OtherFile } from "@ioeventfd/uapi";
import { ioeventfdCall, outcomeOf } from "./_ioeventfd_call.ts";
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
 * Runs a `register` vector.
 *
 * @param backend Model or live kernel
 * @param vector What to do and what Linux answered
 * @returns Passed, failed, or skipped for a kind of descriptor nobody knows
 */
export function runRegister(backend: KvmBackend, vector: RegisterVector): VectorResult {
  const descriptor = Object.hasOwn(descriptors, vector.op.fd)
    ? descriptors[vector.op.fd]
    : undefined;
  if (descriptor === undefined) return skipped(vector, `no descriptor "${vector.op.fd}"`);
  using kvm = backend.open();
  using vm = kvm.createVm();
  const fd = descriptor(kvm);
  const comparison = new Comparison();
  comparison.same("errno", String(vector.errno), String(ioeventfdCall(vm, vector.op, fd)));
  if (fd >= 0) outcomeOf(() => kvm.close(fd));
  return comparison.result(vector);
}

/**
 * Runs a `collide` vector.
 *
 * @param backend Model or live kernel
 * @param vector Two registrations and what Linux answered to the second
 * @returns Passed or failed
 */
export function runCollide(backend: KvmBackend, vector: CollideVector): VectorResult {
  using kvm = backend.open();
  using vm = kvm.createVm();
  const fd = kvm.eventfd(0, 0);
  const other = vector.second.fd === "same" ? fd : kvm.eventfd(0, 0);
  const comparison = new Comparison();
  comparison.same("errno of the first", "null", String(ioeventfdCall(vm, vector.first, fd)));
  comparison.same("errno", String(vector.errno), String(ioeventfdCall(vm, vector.second, other)));
  kvm.close(fd);
  if (other !== fd) kvm.close(other);
  return comparison.result(vector);
}
