/** Where things are: ends of pages, of 32 bits and of 36 (small CPUs have 39), the page of the LAPIC, the IOAPIC's. */
export const memory: readonly bigint[] = [
  0xd000_0000n,
  0xd000_0ff8n,
  0xfebf_b000n,
  0xfebf_bff4n,
  0xffff_fff8n,
  0xf_ffff_fff8n,
  0x1_0000_0ffcn,
];
export const memoryOfControllers: readonly bigint[] = [0xfec0_0000n, 0xfedf_fff8n, 0xfee0_0ff8n];
export const ports: readonly bigint[] = [0x510n, 0xc0f8n, 0xfff0n, 0n, 0x3f4n];
export const portsOfControllers: readonly bigint[] = [0x1cn, 0x3cn, 0x9cn, 0x4ccn, 0x5en];
export const values: readonly bigint[] = [
  0n,
  1n,
  0x5an,
  0x1ffn,
  0x1_0000_005an,
  0x1122_3344_5566_775an,
];
export const added: readonly bigint[] = [
  0n,
  1n,
  7n,
  (1n << 64n) - 3n,
  (1n << 64n) - 2n,
  (1n << 64n) - 1n,
];
/** Devices that a bus holds besides ioeventfds. */
export const mostDevices = 1000;
export const fullBusOnceIn = 200;
export const controls = ["irqchip", "irqchip", "split"] as const;
