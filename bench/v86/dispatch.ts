/**
 * A 32-bit write to one of N random ports of v86: its dispatch, and a handler that adds to a 64-bit counter.
 *
 * `dispatch.ts CHUNKS N:OPS…`, N up to 16,384
 *
 * @module
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { V86 } from "npm:v86@0.5.462";
import {
  answer,
  checksum,
  parseSizes,
  randomNumbers,
  type Sample,
  type Size,
  STREAM,
  timeSamples,
} from "../sampling.ts";

/** Here, as V8 reads an imported constant from its module each time. */
const LAST = STREAM - 1;

/** The part of v86's `IO` that is measured; its published types leave it out. */
interface PortBus {
  register_write(
    port: number,
    device: Device,
    write8: undefined,
    write16: undefined,
    write32: (value: number) => void,
  ): void;
  port_write32(port: number, value: number): void;
}

interface Device {
  name: string;
  lo: number;
  hi: number;
}

/** An emulator with N doorbells for devices. */
interface Doorbells extends Sample {
  readonly n: number;
  readonly devices: readonly Device[];
  next: number;
}

const { chunks, sizes } = parseSizes(Deno.args);
const samples = await Promise.all(sizes.map(doorbells));
const ns = timeSamples(chunks, samples);
answer(Object.fromEntries(samples.map(({ n, devices }, i) => {
  const counts = devices.map(({ lo, hi }) => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
  const hits = Number(counts.reduce((sum, count) => sum + count, 0n));
  return [n, { ns: ns[i], hits, checksum: checksum(counts) }];
})));
Deno.exit(0); // an emulator has no end of its own

async function doorbells({ n, ops }: Size): Promise<Doorbells> {
  const io = await portBus();
  const devices = Array.from({ length: n }, (_, i): Device => {
    const device = { name: "doorbell", lo: 0, hi: 0 };
    io.register_write(4 * i, device, undefined, undefined, count);
    return device;
  });
  const ports = new Int32Array(randomNumbers(STREAM, n).map((at) => 4 * at));
  return {
    n,
    ops,
    period: STREAM,
    devices,
    next: 0,
    run(this: Doorbells, ops): void {
      writePorts(io, ports, this.next, ops);
      this.next = (this.next + ops) & LAST;
    },
    reset(this: Doorbells): void {
      this.next = 0;
      for (const device of devices) device.lo = device.hi = 0;
    },
  };
}

function count(this: Device): void {
  const lo = (this.lo + 1) | 0;
  if (lo === 0 && this.hi === -1) return;
  this.lo = lo;
  if (lo === 0) this.hi = (this.hi + 1) | 0;
}

function writePorts(io: PortBus, ports: Int32Array, from: number, ops: number): void {
  const end = from + ops;
  for (let i = from; i < end; i++) io.port_write32(ports[i & LAST]!, 1);
}

async function portBus(): Promise<PortBus> {
  const build = dirname(createRequire(import.meta.url).resolve("v86"));
  const emulator = new V86({
    autostart: false,
    memory_size: 1 << 20,
    vga_memory_size: 1 << 20,
    wasm_fn: async (imports: WebAssembly.Imports) => {
      const code = await Deno.readFile(join(build, "v86.wasm"));
      return (await WebAssembly.instantiate(code, imports)).instance.exports;
    },
  });
  await new Promise<void>((resolve) => emulator.add_listener("emulator-ready", () => resolve()));
  return (emulator as unknown as { v86: { cpu: { io: PortBus } } }).v86.cpu.io;
}
