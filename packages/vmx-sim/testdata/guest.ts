/** Small guests for tests: memory, page tables and a vCPU at the start of some machine code. */
import {
  EFD_NONBLOCK,
  flatSegment,
  longModeSregs,
  type Regs,
  release,
  type VcpuExit,
  zeroRegs,
} from "@ioeventfd/uapi";
import type { VmxOptions, VmxVcpu, VmxVm } from "../mod.ts";
import { VmxBackend, type VmxSystem } from "../mod.ts";

/** First address without memory, where devices are. */
export const MMIO = 0xd000_0000;

/** Where code begins; handlers of exception i are one HLT each at 0x5000 + i. */
export const CODE = 0x1000;

/** How a guest is made. */
export interface GuestOptions extends VmxOptions {
  /** Release by name. */
  readonly kernel?: string;
  /** Machine code, put at `CODE`. */
  readonly code: readonly number[];
  /** `long` (4 levels, 2 MiB pages), `real`, or `flat32` (32-bit without paging). */
  readonly mode?: "long" | "real" | "flat32";
  /** General registers other than 0. */
  readonly regs?: Partial<Regs>;
  /** Called before the vCPU is made. */
  readonly prepare?: (vm: VmxVm, kvm: VmxSystem) => void;
}

/** A guest ready to run. */
export interface Guest extends Disposable {
  readonly kvm: VmxSystem;
  readonly vm: VmxVm;
  readonly vcpu: VmxVcpu;
  /** 2 MiB of memory from 0. */
  readonly ram: Uint8Array;
  readonly view: DataView;
  /** Registers an ioeventfd and gives its descriptor. */
  doorbell(addr: number, len?: 0 | 1 | 2 | 4 | 8, datamatch?: bigint, bus?: "mmio" | "pio"): number;
  /** The counter of a descriptor, without taking it. */
  count(fd: number): number;
  /** Runs to the end: exits before HLT as short text. */
  run(answer?: bigint): string[];
}

/** Makes a guest. */
export function makeGuest(options: GuestOptions): Guest {
  const kernel = options.release ?? release(options.kernel ?? "6.19");
  const kvm = new VmxBackend({ counting: true, ...options, release: kernel }).open();
  const vm = kvm.createVm();
  const { bytes: ram, hva } = kvm.allocateMemory(0x20_0000);
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  ram.fill(0xf4, 0x5000, 0x5100);
  ram.set(options.code, CODE);
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size: 0x20_0000n, hva });
  options.prepare?.(vm, kvm);
  const vcpu = vm.createVcpu(0);
  const mode = options.mode ?? "long";
  if (mode === "long") enterLong(vcpu, view);
  else if (mode === "real") enterReal(vcpu, view);
  else enterFlat32(vcpu, view);
  vcpu.setRegs(zeroRegs({ rip: BigInt(CODE), rsp: 0xbf00n, ...options.regs }));
  return {
    kvm,
    vm,
    vcpu,
    ram,
    view,
    doorbell(addr, len = 0, datamatch, bus = "mmio") {
      const fd = kvm.eventfd(0, EFD_NONBLOCK);
      const match = len === 0 ? { len } : datamatch === undefined ? { len } : { len, datamatch };
      vm.assignIoeventfd({ bus, addr: BigInt(addr), match, fd });
      return fd;
    },
    count: (fd) => Number(kvm.eventfdCount(fd)),
    run(answer = 0x1122_3344_5566_7788n) {
      const exits: string[] = [];
      for (;;) {
        const exit = vcpu.run({ maxInstructions: 10_000 });
        if (exit.reason === "hlt") return exits;
        exits.push(show(exit));
        if (exit.reason !== "io" && exit.reason !== "mmio") return exits;
        if (!exit.write) {
          for (let i = 0; i < exit.data.length; i++) {
            exit.data[i] = Number(answer >> BigInt(i % 8 * 8) & 0xffn);
          }
        }
      }
    },
    [Symbol.dispose]() {
      vcpu[Symbol.dispose]();
      vm[Symbol.dispose]();
      kvm[Symbol.dispose]();
    },
  };
}

/** An exit as short text, e.g. `mmio write d0000040 1122`. */
export function show(exit: VcpuExit): string {
  if (exit.reason === "internal_error") return `internal_error ${exit.suberror}`;
  if (exit.reason !== "io" && exit.reason !== "mmio") return exit.reason;
  const place = exit.reason === "io" ? exit.port.toString(16) : exit.addr.toString(16);
  const what = exit.write
    ? Array.from(exit.data, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : exit.data.length;
  return `${exit.reason} ${exit.write ? "write" : "read"} ${place} ${what}`;
}

/** Maps the first 4 GiB one to one with 2 MiB pages, and sets up GDT and IDT. */
function enterLong(vcpu: VmxVcpu, view: DataView): void {
  view.setBigUint64(0x2_0000, 0x2_1003n, true);
  for (let i = 0; i < 4; i++) {
    view.setBigUint64(0x2_1000 + i * 8, BigInt(0x2_2003 + i * 0x1000), true);
  }
  for (let i = 0; i < 2048; i++) {
    view.setBigUint64(0x2_2000 + i * 8, BigInt(i) << 21n | 0x83n, true);
  }
  view.setBigUint64(0x7008, 0x00af_9b00_0000_ffffn, true);
  view.setBigUint64(0x7010, 0x00cf_9300_0000_ffffn, true);
  for (let i = 0; i < 256; i++) {
    view.setBigUint64(0x8000 + i * 16, BigInt(0x5000 + i) | 0x8e00_0008_0000n, true);
  }
  vcpu.setSregs({
    ...longModeSregs(vcpu.getSregs(), 0x2_0000n),
    gdt: { base: 0x7000n, limit: 0x27 },
    idt: { base: 0x8000n, limit: 0xfff },
  });
}

/** Real mode with DS at the devices. */
function enterReal(vcpu: VmxVcpu, view: DataView): void {
  for (let i = 0; i < 256; i++) view.setUint32(i * 4, 0x5000 + i, true);
  const sregs = vcpu.getSregs();
  const data = flatSegment({ limit: 0xffff, selector: 0, db: 0, g: 0 });
  vcpu.setSregs({
    ...sregs,
    cs: { ...data, type: 11 },
    ds: { ...data, base: BigInt(MMIO) },
    es: data,
    fs: data,
    gs: data,
    ss: data,
  });
}

/** 32-bit protected mode, flat, without paging. */
function enterFlat32(vcpu: VmxVcpu, view: DataView): void {
  view.setBigUint64(0x7008, 0x00cf_9b00_0000_ffffn, true);
  view.setBigUint64(0x7010, 0x00cf_9300_0000_ffffn, true);
  for (let i = 0; i < 256; i++) {
    view.setBigUint64(0x8000 + i * 8, BigInt(0x5000 + i) | 0x8e00_0008_0000n, true);
  }
  const data = flatSegment();
  vcpu.setSregs({
    ...vcpu.getSregs(),
    cs: flatSegment({ selector: 8, type: 11 }),
    ds: data,
    es: data,
    fs: data,
    gs: data,
    ss: data,
    gdt: { base: 0x7000n, limit: 0x27 },
    idt: { base: 0x8000n, limit: 0x7ff },
    cr0: 0x11n,
    cr4: 0n,
    efer: 0n,
  });
}
