/**
 * A write on a bus of N ioeventfds at random addresses: dispatch, match, signal.
 *
 * `dispatch.ts hit|miss|datamatch|api CHUNKS N:OPS…`; `api` goes through the public interface with bigint addresses.
 *
 * @module
 */
import type { EventfdContext } from "@ioeventfd/eventfd";
import { CoreBackend, type IoBus, type Kvm, type Vm } from "@ioeventfd/kvm-core";
import {
  answer,
  BASE,
  checksum,
  parseSizes,
  randomNumbers,
  type Sample,
  type Size,
  STREAM,
  STRIDE,
  timeSamples,
} from "../sampling.ts";

/** Here, as V8 reads an imported constant from its module each time. */
const LAST = STREAM - 1;

/** A bus and what is written to it. */
interface Doorbells extends Sample {
  readonly n: number;
  hits: number;
  next: number;
  checksum(): number;
}

const [kind, ...args] = Deno.args;
const { chunks, sizes } = parseSizes(args);
const samples = sizes.map(doorbells);
const ns = timeSamples(chunks, samples);
answer(Object.fromEntries(samples.map((sample, i) => [sample.n, {
  ns: ns[i],
  hits: sample.hits,
  checksum: sample.checksum(),
}])));

function doorbells({ n, ops }: Size): Doorbells {
  const kvm = new CoreBackend().open();
  const vm = kvm.createVm();
  const isDatamatch = kind === "datamatch";
  const eventfds = register(kvm, vm, n, isDatamatch);
  const addresses = randomNumbers(STREAM, n).map((at) =>
    isDatamatch ? BASE : BASE + at * STRIDE + (kind === "miss" ? 64 : 0)
  );
  const bigints = kind === "api" ? [...addresses].map(BigInt) : [];
  const words = new Int32Array(2 * STREAM);
  addresses.forEach((address, i) => words[2 * i] = address);
  const value = isDatamatch ? n - 1 : 1;
  return {
    n,
    ops,
    period: STREAM,
    hits: 0,
    next: 0,
    run(ops): void {
      this.hits += kind === "api"
        ? writeApi(vm, bigints, this.next, ops)
        : writeBus(vm.bus(0), words, value, this.next, ops);
      this.next = (this.next + ops) & LAST;
    },
    reset(): void {
      this.hits = 0;
      this.next = 0;
      for (const eventfd of eventfds) eventfd.tryRead();
    },
    checksum: () => checksum(eventfds.map(({ count }) => count)),
  };
}

function register(kvm: Kvm, vm: Vm, n: number, isDatamatch: boolean): EventfdContext[] {
  return Array.from({ length: n }, (_, i) => {
    const fd = kvm.eventfd(0, 0);
    vm.assignIoeventfd({
      bus: "mmio",
      addr: BigInt(isDatamatch ? BASE : BASE + i * STRIDE),
      match: isDatamatch ? { len: 4, datamatch: BigInt(i) } : { len: 4 },
      fd,
    });
    return kvm.files.lookupEventfd(fd);
  });
}

function writeBus(bus: IoBus, words: Int32Array, value: number, from: number, ops: number): number {
  const end = from + ops;
  let hits = 0;
  for (let i = from; i < end; i++) {
    const at = (i & LAST) << 1;
    if (bus.write(words[at]!, words[at + 1]!, 4, value, 0) === 0) hits++;
  }
  return hits;
}

function writeApi(vm: Vm, addresses: readonly bigint[], from: number, ops: number): number {
  const end = from + ops;
  let hits = 0;
  for (let i = from; i < end; i++) {
    if (vm.guestWrite("mmio", addresses[i & LAST]!, 4, 1n) === "kernel") hits++;
  }
  return hits;
}
