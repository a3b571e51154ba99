import type { Assembler } from "@ioeventfd/vmx-sim";

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
export function kickLoop({ bus, addr, value }: KickWrite, kicks: number): (a: Assembler) => void {
  return (a) => {
    a.mov(a.edi, addr);
    a.mov(a.edx, addr);
    a.mov(a.ecx, kicks);
    a.mov(a.al, value);
    const again = a.label("again");
    if (bus === "mmio") a.mov(a.byte(a.rdi), a.al);
    else a.out(a.dx, a.al);
    a.dec(a.ecx);
    a.jnz(again);
    a.hlt();
  };
}
