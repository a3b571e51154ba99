// Guests for tests: 2 MiB of RAM at 0, everything else MMIO.
import { flatSegment, longModeSregs, zeroRegs } from "@ioeventfd/uapi";
import type { LiveSystem, LiveVcpu, LiveVm } from "../mod.ts";

const OPERAND_BASE = 0xd0000000n;
const RAM_SIZE = 0x200000;
const CODE = 0x1000, STACK = 0xbf00n;
const HANDLERS = 0x5000, TABLES = 0x20000;
const HLT = 0xf4;

/** A vCPU at the first byte of 16-bit code: DS is MMIO, ES is RAM, and exceptions halt. */
export function bootReal(system: LiveSystem, vm: LiveVm, ...code: number[]): LiveVcpu {
  const { vcpu, ram } = boot(system, vm, code);
  for (let i = 0; i < 64; i++) {
    ram.setUint8(HANDLERS + i, HLT);
    ram.setUint16(i * 4, HANDLERS + i, true);
  }
  const data = flatSegment({ limit: 0xffff, selector: 0, db: 0, g: 0 });
  vcpu.setSregs({
    ...vcpu.getSregs(),
    cs: { ...data, type: 11 },
    ds: { ...data, base: OPERAND_BASE },
    es: data,
    fs: data,
    gs: data,
    ss: data,
    idt: { base: 0n, limit: 0x3ff },
    cr0: 0x60000010n,
    cr3: 0n,
    cr4: 0x600n,
    efer: 0n,
  });
  return vcpu;
}

/** A vCPU at the first byte of 64-bit code, which has no handlers: an exception is a triple fault. */
export function bootLong(system: LiveSystem, vm: LiveVm, ...code: number[]): LiveVcpu {
  const { vcpu, ram } = boot(system, vm, code);
  ram.setBigUint64(TABLES, BigInt(TABLES + 0x1000 | 3), true);
  ram.setBigUint64(TABLES + 0x1000, BigInt(TABLES + 0x2000 | 3), true);
  ram.setBigUint64(TABLES + 0x2000, 0x83n, true);
  const none = { base: 0n, limit: 0 };
  vcpu.setSregs({ ...longModeSregs(vcpu.getSregs(), BigInt(TABLES)), idt: none });
  return vcpu;
}

function boot(
  system: LiveSystem,
  vm: LiveVm,
  code: readonly number[],
): { readonly vcpu: LiveVcpu; readonly ram: DataView } {
  const { bytes, hva } = system.allocateMemory(RAM_SIZE);
  bytes.set(code, CODE);
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size: BigInt(RAM_SIZE), hva });
  const vcpu = vm.createVcpu(0);
  vcpu.setRegs(zeroRegs({ rip: BigInt(CODE), rsp: STACK }));
  return { vcpu, ram: new DataView(bytes.buffer, bytes.byteOffset, RAM_SIZE) };
}
