/**
 * Names of addresses a PC is known by.
 *
 * @module
 */

const ports: readonly (readonly [first: number, last: number, name: string])[] = [
  [0x00, 0x0f, "DMA controller 1"],
  [0x20, 0x21, "PIC 1"],
  [0x40, 0x43, "timer (PIT)"],
  [0x60, 0x60, "keyboard data"],
  [0x61, 0x61, "speaker and NMI status"],
  [0x64, 0x64, "keyboard controller"],
  [0x70, 0x70, "CMOS/RTC index"],
  [0x71, 0x71, "CMOS/RTC data"],
  [0x80, 0x80, "POST code"],
  [0x81, 0x8f, "DMA page"],
  [0x92, 0x92, "A20 gate"],
  [0xa0, 0xa1, "PIC 2"],
  [0xb2, 0xb3, "SMI command"],
  [0xc0, 0xdf, "DMA controller 2"],
  [0xf0, 0xff, "FPU"],
  [0x170, 0x177, "IDE 2"],
  [0x1ce, 0x1d0, "Bochs VBE"],
  [0x1f0, 0x1f7, "IDE 1"],
  [0x278, 0x27a, "parallel port 2"],
  [0x2e8, 0x2ef, "serial port 4"],
  [0x2f8, 0x2ff, "serial port 2"],
  [0x376, 0x376, "IDE 2 control"],
  [0x378, 0x37a, "parallel port 1"],
  [0x3b0, 0x3df, "VGA"],
  [0x3e8, 0x3ef, "serial port 3"],
  [0x3f0, 0x3f5, "floppy"],
  [0x3f6, 0x3f6, "IDE 1 control"],
  [0x3f7, 0x3f7, "floppy"],
  [0x3f8, 0x3ff, "serial port 1"],
  [0x402, 0x402, "firmware debug console"],
  [0x4d0, 0x4d1, "PIC edge/level"],
  [0x505, 0x505, "pvpanic"],
  [0x510, 0x511, "fw_cfg"],
  [0x514, 0x51b, "fw_cfg DMA"],
  [0x600, 0x67f, "ACPI (Q35)"],
  [0xaf00, 0xaf1f, "CPU hotplug (i440FX)"],
  [0xafe0, 0xafe3, "GPE0"],
  [0xb000, 0xb03f, "ACPI (i440FX)"],
  [0xb100, 0xb13f, "SMBus"],
  [0xcf8, 0xcfb, "PCI config address"],
  [0xcfc, 0xcff, "PCI config data"],
];

const memory: readonly (readonly [first: number, last: number, name: string])[] = [
  [0xa0000, 0xbffff, "VGA memory"],
  [0xb0000000, 0xbfffffff, "PCI config (ECAM)"],
  [0xfec00000, 0xfec000ff, "IOAPIC"],
  [0xfed00000, 0xfed003ff, "HPET"],
  [0xfed40000, 0xfed44fff, "TPM"],
  [0xfee00000, 0xfee00fff, "local APIC"],
];

/**
 * What a PC has at an address.
 *
 * @param bus Address space
 * @param addr Guest physical address or port
 * @returns A short name, or undefined
 *
 * @example
 * ```ts
 * import { portName } from "@ioeventfd/capture";
 *
 * if (portName("pio", 0xcf8n) !== "PCI config address") throw new Error("PCI expected");
 * ```
 */
export function portName(bus: "mmio" | "pio", addr: bigint): string | undefined {
  const table = bus === "pio" ? ports : memory;
  return table.find(([first, last]) => addr >= BigInt(first) && addr <= BigInt(last))?.[2];
}
