/**
 * Vectors of histories and guest writes: kind `bus`.
 *
 * @module
 */
import { EFD_NONBLOCK, hex, KVM_IOEVENTFD_FLAG_DEASSIGN } from "@ioeventfd/uapi";
import type { KvmBackend, KvmSystem, Registration } from "@ioeventfd/uapi";
import { ioeventfdCall } from "./_ioeventfd_call.ts";
import { onSystem } from "./_on_system.ts";
import type { PlayOptions } from "./play_options.ts";
import type { Access, BusOp, BusVector } from "./vector.ts";
import { Comparison } from "./vector_result.ts";
import type { VectorResult } from "./vector_result.ts";

/**
 * What a backend answers to a `bus` vector.
 *
 * @param backend Model or live kernel
 * @param vector A history and writes
 * @param options How to end
 * @returns The vector with the backend's errnos, counters and exits
 */
export function observeBus(
  backend: KvmBackend,
  vector: BusVector,
  options: PlayOptions = {},
): BusVector {
  return onSystem(backend, options, (kvm) => observeOn(kvm, vector));
}

function observeOn(kvm: KvmSystem, vector: BusVector): BusVector {
  const vm = kvm.createVm();
  const made = new Map<number, { fd: number; registration: Registration }>();
  const ops = vector.ops.map((op): BusOp => {
    if (op.op === "assign") {
      const fd = kvm.eventfd(0, EFD_NONBLOCK);
      made.set(op.fd, { fd, registration: op });
      return { ...op, errno: ioeventfdCall(vm, op, fd) };
    }
    const { fd, registration } = made.get(op.fd)!;
    const flags = (registration.flags | KVM_IOEVENTFD_FLAG_DEASSIGN) >>> 0;
    return { ...op, errno: ioeventfdCall(vm, { ...registration, flags }, fd) };
  });
  const userspace = vector.writes
    .filter(({ addr, len, value }) => vm.guestWrite(vector.bus, addr, len, value) === "userspace")
    .map(({ addr, len }) => ({ addr, len }));
  const counters = Array.from({ length: Math.max(-1, ...made.keys()) + 1 }, (_, i) => {
    const fd = made.get(i)?.fd;
    return fd === undefined ? 0n : kvm.eventfdCount(fd);
  });
  return { ...vector, ops, counters, userspace };
}

/**
 * Runs a `bus` vector.
 *
 * @param backend Model or live kernel
 * @param vector A history, writes, and what Linux did with them
 * @param options How to end
 * @returns Passed or failed
 */
export function runBus(
  backend: KvmBackend,
  vector: BusVector,
  options: PlayOptions = {},
): VectorResult {
  const { ops, counters, userspace } = observeBus(backend, vector, options);
  const comparison = new Comparison();
  vector.ops.forEach(({ errno }, i) => {
    comparison.same(`errno of op ${i}`, String(errno), String(ops[i]!.errno));
  });
  comparison.sequence("exit", vector.userspace.map(shown), userspace.map(shown));
  vector.counters.forEach((counter, i) => {
    comparison.same(`counter ${i}`, String(counter), String(counters[i] ?? "no such eventfd"));
  });
  return comparison.result(vector);
}

function shown({ addr, len }: Access): string {
  return `${hex(addr)} len ${len}`;
}
