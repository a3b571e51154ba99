/** The write that a kick is. */
export interface KickWrite {
  /** Address space. */
  readonly bus: "mmio" | "pio";
  /** Guest physical address below 2^32, or port. */
  readonly addr: number;
  /** Its one byte. */
  readonly value: number;
}

/**
 * 64-bit code that kicks so many times and halts: kvm-unit-tests' pci-testdev rings with one byte, and so do we.
 *
 * @param write What to write where
 * @param kicks How many times, from 1
 */
export function kickLoop({ bus, addr, value }: KickWrite, kicks: number): number[] {
  const store = bus === "mmio" ? [0x88, 0x07] : [0xee]; // mov [rdi], al, or out dx, al
  const back = 0x100 - (store.length + 4);
  return [
    0xbf, // mov edi, addr
    ...bytes(addr),
    0xba, // mov edx, addr
    ...bytes(addr),
    0xb9, // mov ecx, kicks
    ...bytes(kicks),
    0xb0, // mov al, value
    value,
    ...store,
    0xff, // dec ecx
    0xc9,
    0x75, // jnz to the store
    back,
    0xf4, // hlt
  ];
}

function bytes(value: number): number[] {
  return [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 0xff);
}
