/**
 * The N-th registration and its removal, through the typed door: `assign.ts CHUNKS N…`.
 *
 * @module
 */
import { CoreBackend, type Vm } from "@ioeventfd/kvm-core";
import type { IoeventfdSpec } from "@ioeventfd/uapi";
import {
  answer,
  BASE,
  BATCH,
  median,
  parseSizes,
  randomNumbers,
  STRIDE,
  warmUpMs,
} from "../sampling.ts";

/** As many VMs with N-1 registrations as keep N what it is while a batch is registered. */
interface Registry {
  readonly n: number;
  readonly vms: readonly Vm[];
  /** What is registered together, made anew for each chunk; each entry for the VM of its index modulo the VMs. */
  batch(chunk: number): readonly IoeventfdSpec[];
}

const { chunks, sizes } = parseSizes(Deno.args);
const registries = sizes.map(({ n }) => registry(n));
const start = performance.now();
do {
  for (const { vms, batch } of registries) {
    const first = batch(0);
    assign(vms, first);
    deassign(vms, first);
  }
} while (performance.now() - start < warmUpMs);
answer(Object.fromEntries(registries.map((registry) => [registry.n, measure(registry)])));

/** All chunks once for the caches, as every sample has it, and once more. */
function measure(registry: Registry): { assignNs: number; deassignNs: number } {
  once(registry);
  return once(registry);
}

function once({ vms, batch: makeBatch }: Registry): { assignNs: number; deassignNs: number } {
  const assignNs: number[] = [], deassignNs: number[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const batch = makeBatch(chunk);
    const before = performance.now();
    assign(vms, batch);
    const between = performance.now();
    deassign(vms, batch);
    const after = performance.now();
    assignNs.push((between - before) * 1e6 / batch.length);
    deassignNs.push((after - between) * 1e6 / batch.length);
  }
  return { assignNs: median(assignNs), deassignNs: median(deassignNs) };
}

function assign(vms: readonly Vm[], batch: readonly IoeventfdSpec[]): void {
  for (let i = 0; i < batch.length; i++) vms[i % vms.length]!.assignIoeventfd(batch[i]!);
}

function deassign(vms: readonly Vm[], batch: readonly IoeventfdSpec[]): void {
  for (let i = 0; i < batch.length; i++) vms[i % vms.length]!.deassignIoeventfd(batch[i]!);
}

function registry(n: number): Registry {
  const each = Math.min(Math.max(n >> 4, 1), BATCH);
  const kvm = new CoreBackend().open();
  const fd = kvm.eventfd(0, 0);
  const spec = (addr: number): IoeventfdSpec => (
    { bus: "mmio", addr: BigInt(addr), match: { len: 4 }, fd }
  );
  const vms = Array.from({ length: BATCH / each | 0 }, () => {
    const vm = kvm.createVm();
    for (let i = 0; i < n - 1; i++) vm.assignIoeventfd(spec(BASE + i * STRIDE));
    return vm;
  });
  const count = vms.length * each;
  const random = randomNumbers(chunks * count, n);
  const batch = (chunk: number): IoeventfdSpec[] =>
    Array.from({ length: count }, (_, i) => {
      const at = random[chunk * count + i]!;
      return spec(BASE + at * STRIDE + 128 + 8 * i);
    });
  return { n, vms, batch };
}
