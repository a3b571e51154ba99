/**
 * Bytes that a registration takes, its eventfd apart: `memory.ts N`, with the collector exposed.
 *
 * @module
 */
import { CoreBackend } from "@ioeventfd/kvm-core";
import { answer, BASE, STRIDE } from "../sampling.ts";

const n = Number(Deno.args[0]);
const kvm = new CoreBackend().open();
const vm = kvm.createVm();
const start = used();
const fds = Array.from({ length: n }, () => kvm.eventfd(0, 0));
const withEventfds = used();
for (const [i, fd] of fds.entries()) {
  vm.assignIoeventfd({ bus: "mmio", addr: BigInt(BASE + i * STRIDE), match: { len: 4 }, fd });
}
const withRegistrations = used();
answer({
  bytesPerRegistration: (withRegistrations - withEventfds) / n,
  bytesPerEventfd: (withEventfds - start) / n,
});

/** Bytes in use after a collection, typed arrays included. */
function used(): number {
  (globalThis as unknown as { gc(): void }).gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
