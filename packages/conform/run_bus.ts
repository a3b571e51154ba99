/**
 * Vectors of histories and guest writes: kind `bus`.
 *
 * @module
 */
import { EFD_NONBLOCK, KVM_IOEVENTFD_FLAG_DEASSIGN } from "@ioeventfd/uapi";
import type { KvmBackend, Registration } from "@ioeventfd/uapi";
import { ioeventfdCall } from "./_ioeventfd_call.ts";
import type { Access, BusVector } from "./vector.ts";
import { Comparison } from "./vector_result.ts";
import type { VectorResult } from "./vector_result.ts";

/**
 * Runs a `bus` vector.
 *
 * @param backend Model or live kernel
 * @param vector A history, writes, and what Linux did with them
 * @returns Passed or failed
 */
export function runBus(backend: KvmBackend, vector: BusVector): VectorResult {
  using kvm = backend.open();
  using vm = kvm.createVm();
  const comparison = new Comparison();
  const made = new Map<number, { fd: number; registration: Registration }>();
  vector.ops.forEach((op, i) => {
    let errno;
    if (op.op === "assign") {
      const fd = kvm.eventfd(0, EFD_NONBLOCK);
      made.set(op.fd, { fd, registration: op });
      errno = ioeventfdCall(vm, op, fd);
    } else {
      const { fd, registration } = made.get(op.fd)!;
      errno = ioeventfdCall(vm, {
        ...registration,
        flags: (registration.flags | KVM_IOEVENTFD_FLAG_DEASSIGN) >>> 0,
      }, fd);
    }
    comparison.same(`errno of op ${i}`, String(op.errno), String(errno));
  });
  const userspace = vector.writes.filter(({ addr, len, value }) =>
    vm.guestWrite(vector.bus, addr, len, value) === "userspace"
  );
  comparison.sequence("exit", vector.userspace.map(shown), userspace.map(shown));
  vector.counters.forEach((counter, i) => {
    const fd = made.get(i)?.fd;
    const actual = fd === undefined ? "no such eventfd" : String(kvm.eventfdCount(fd));
    comparison.same(`counter ${i}`, String(counter), actual);
  });
  for (const { fd } of made.values()) kvm.close(fd);
  return comparison.result(vector);
}

function shown({ addr, len }: Access): string {
  return `0x${addr.toString(16)} len ${len}`;
}
