import type { Libc } from "./_libc.ts";

/** The pages that a vCPU shares with userspace: `struct kvm_run`, the port data, the coalesced ring. */
export class VcpuMapping {
  readonly #libc: Libc;
  readonly #address: bigint;
  readonly #size: number;
  #mapped = true;

  constructor(libc: Libc, address: bigint, size: number) {
    this.#libc = libc;
    this.#address = address;
    this.#size = size;
  }

  /** Copies bytes out of the mapping, as many as the buffer holds or the mapping has. */
  read(offset: number, into: Uint8Array): void {
    const address = this.#at(offset, into.length);
    this.#libc.copyIn(into, address);
  }

  /** Copies bytes into the mapping. */
  write(offset: number, from: Uint8Array): void {
    const address = this.#at(offset, from.length);
    this.#libc.copyOut(address, from);
  }

  /** Unmaps it. */
  unmap(): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    this.#libc.call.munmap(this.#address, BigInt(this.#size));
  }

  #at(offset: number, length: number): bigint {
    if (!this.#mapped) throw new Error("The vCPU is closed");
    if (offset + length > this.#size) {
      throw new RangeError(
        `The vCPU mapping has ${this.#size} bytes: asked for ${offset}+${length}`,
      );
    }
    return offset === 0 ? this.#address : this.#address + BigInt(offset);
  }
}
