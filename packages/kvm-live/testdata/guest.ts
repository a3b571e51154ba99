// A guest for tests: 2 MiB of RAM at 0, everything else MMIO.
import { flatSegment, type Sregs, zeroRegs } from "@ioeventfd/uapi";
import type { LiveSystem, LiveVcpu, LiveVm } from "../mod.ts";

const OPERAND_BASE = 0xd0000000n;
const RAM_SIZE = 0x200000;
const CODE = 0x1000, SCRATCH = 0xa000, STACK = 0xbf00n;
const HANDLERS = 0x5000, TSS = 0x6000, GDT = 0x7000, IDT = 0x8000, TABLES = 0x20000;
const HLT = 0xf4;

/** Machine code, and what it starts with. */
export interface GuestCode {
  readonly mode: "real16" | "long0";
  /** Hex, put at 0x1000. */
  readonly code: string;
  /** Hex, put at 0xa000. */
  readonly scratch: string;
  readonly esIsMmio: boolean;
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Of real mode: 64 KiB, 16 bits. */
const small = { limit: 0xffff, selector: 0, db: 0, g: 0 };

function real16(ram: DataView, sregs: Sregs, esIsMmio: boolean): Sregs {
  for (let i = 0; i < 64; i++) ram.setUint16(i * 4, HANDLERS + i, true);
  const flat = flatSegment(small);
  const mmio = flatSegment({ ...small, base: OPERAND_BASE });
  return {
    ...sregs,
    cs: flatSegment({ ...small, type: 11 }),
    ds: mmio,
    es: esIsMmio ? mmio : flat,
    fs: flat,
    gs: flat,
    ss: flat,
    idt: { base: 0n, limit: 0x3ff },
    cr0: 0x60000010n,
    cr3: 0n,
    cr4: 0x600n,
    efer: 0n,
  };
}

function long0(ram: DataView, sregs: Sregs): Sregs {
  ram.setBigUint64(TABLES, BigInt(TABLES + 0x1000 | 3), true);
  for (let gib = 0; gib < 4; gib++) {
    ram.setBigUint64(TABLES + 0x1000 + gib * 8, BigInt(TABLES + 0x2000 + gib * 0x1000 | 3), true);
    for (let i = 0; i < 512; i++) {
      const frame = BigInt(gib * 512 + i) << 21n;
      ram.setBigUint64(TABLES + 0x2000 + gib * 0x1000 + i * 8, frame | 0x83n, true);
    }
  }
  ram.setBigUint64(GDT + 8, 0x00af9b000000ffffn, true);
  ram.setBigUint64(GDT + 16, 0x00cf93000000ffffn, true);
  for (let i = 0; i < 64; i++) {
    ram.setBigUint64(IDT + i * 16, BigInt(HANDLERS + i) | 0x8n << 16n | 0x8en << 40n, true);
  }
  const data = flatSegment();
  return {
    ...sregs,
    cs: flatSegment({ selector: 8, type: 11, db: 0, l: 1 }),
    ds: data,
    es: data,
    fs: data,
    gs: data,
    ss: data,
    tr: flatSegment({ ...small, base: BigInt(TSS), limit: 0x67, selector: 0x18, type: 11, s: 0 }),
    gdt: { base: BigInt(GDT), limit: 0x27 },
    idt: { base: BigInt(IDT), limit: 0x3ff },
    cr0: 0x80050033n,
    cr3: BigInt(TABLES),
    cr4: 0x620n,
    efer: 0x500n,
  };
}

/** A vCPU at the first byte of the code. */
export function bootGuest(system: LiveSystem, vm: LiveVm, guest: GuestCode): LiveVcpu {
  const memory = system.allocateMemory(RAM_SIZE);
  memory.bytes.set(bytesOf(guest.code), CODE);
  memory.bytes.set(bytesOf(guest.scratch), SCRATCH);
  memory.bytes.fill(HLT, HANDLERS, HANDLERS + 64);
  const ram = new DataView(memory.bytes.buffer, memory.bytes.byteOffset, RAM_SIZE);
  const vcpu = vm.createVcpu(0);
  const sregs = vcpu.getSregs();
  vcpu.setSregs(
    guest.mode === "real16" ? real16(ram, sregs, guest.esIsMmio) : long0(ram, sregs),
  );
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size: BigInt(RAM_SIZE), hva: memory.hva });
  vcpu.setRegs(zeroRegs({ rip: BigInt(CODE), rsp: STACK }));
  return vcpu;
}
