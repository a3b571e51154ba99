import { hex } from "@ioeventfd/uapi";
import { type Libc, MAP_PRIVATE_ANONYMOUS_NORESERVE } from "./_libc.ts";

const PAGE = 4096;
const TABLE_ENTRY = 0x7; // present, writable, user
const LARGE_PAGE = 0x83; // present, writable, 2 MiB
const FIRST_PAGES = 64;
const MORE_PAGES = 256;
const GIB_BITS = 30n;

/** Pages at the start of the space, in order. */
export const PAGE_TABLE_ROOT = 0, ROUTINES_PAGE = 1, PROGRAM_PAGE = 2, STACK_PAGE = 3;
const RESERVED_PAGES = 4;

/** Puts host memory under a guest physical address. */
export type AddSlot = (slot: number, gpa: bigint, size: number, hva: bigint) => void;

/** Memory slot of the space; the following ones go downwards. */
const SPACE_SLOT = 497;

/**
 * Where the space begins: three quarters up what the guest can address, off any round number, below the hole in the
 * middle of 48-bit addresses.
 */
export function spaceBase(physicalBits: number): bigint {
  const bits = BigInt(Math.min(physicalBits, 47));
  return (1n << (bits - 1n)) + (1n << (bits - 2n)) + 0x0a5a_0000n;
}

interface Arena {
  readonly gpa: bigint;
  readonly hva: bigint;
  readonly pages: number;
}

/**
 * The memory of the guest that stores on demand: code, a stack, and page tables that map guest physical addresses one
 * to one, 1 GiB at a time when first asked for. A mapping never changes, so no translation cache can be stale.
 */
export class GuestSpace {
  readonly #libc: Libc;
  readonly #addSlot: AddSlot;
  readonly #physicalBits: number;
  readonly #arenas: Arena[] = [];
  readonly #directories = new Map<number, bigint>();
  readonly #mappedGib = new Set<number>();
  readonly #word = new BigUint64Array(1);
  readonly #table = new Uint32Array(PAGE / 4);
  #used = RESERVED_PAGES;

  constructor(libc: Libc, physicalBits: number, addSlot: AddSlot) {
    this.#libc = libc;
    this.#physicalBits = physicalBits;
    this.#addSlot = addSlot;
    try {
      this.#grow(FIRST_PAGES);
      this.map(this.addressOf(PAGE_TABLE_ROOT));
    } catch (error) {
      this.unmap();
      throw error;
    }
  }

  /** Guest address, physical and linear, of a page at the start. */
  addressOf(page: number): bigint {
    return this.#arenas[0]!.gpa + BigInt(page * PAGE);
  }

  /** Writes bytes into a page at the start. */
  write(page: number, offset: number, bytes: Uint8Array): void {
    this.#libc.copyOut(this.#arenas[0]!.hva + BigInt(page * PAGE + offset), bytes);
  }

  /**
   * Makes an address reachable.
   *
   * @returns Its linear address
   * @throws {RangeError} for an address the guest cannot have
   */
  map(gpa: bigint): bigint {
    if (gpa < 0n || gpa >> BigInt(Math.min(this.#physicalBits, 48)) !== 0n) {
      throw new RangeError(
        `Guest physical address ${hex(gpa)} is beyond the ${
          hex(this.#physicalBits)
        } bits there are`,
      );
    }
    const gib = Number(gpa >> GIB_BITS);
    if (!this.#mappedGib.has(gib)) this.#mapGib(gib);
    return BigInt.asUintN(64, BigInt.asIntN(48, gpa));
  }

  /** True for memory of the space itself. */
  contains(gpa: bigint, length: number): boolean {
    return this.#arenas.some((arena) =>
      gpa + BigInt(length) > arena.gpa && gpa < arena.gpa + BigInt(arena.pages * PAGE)
    );
  }

  /** Gives the memory back, once the VM is closed. */
  unmap(): void {
    for (const { hva, pages } of this.#arenas) this.#libc.call.munmap(hva, BigInt(pages * PAGE));
    this.#arenas.length = 0;
  }

  #mapGib(gib: number): void {
    const top = gib >>> 9;
    let pointers = this.#directories.get(top);
    if (pointers === undefined) {
      const page = this.#takePage();
      pointers = page.hva;
      this.#directories.set(top, pointers);
      this.#setEntry(this.#arenas[0]!.hva, top, page.gpa);
    }
    const page = this.#takePage();
    for (let i = 0; i < 512; i++) {
      this.#table[2 * i] = (gib & 3) << 30 | i << 21 | LARGE_PAGE;
      this.#table[2 * i + 1] = gib >>> 2;
    }
    this.#libc.copyOut(page.hva, this.#table);
    this.#setEntry(pointers, gib & 511, page.gpa);
    this.#mappedGib.add(gib);
  }

  #setEntry(table: bigint, index: number, gpa: bigint): void {
    this.#word[0] = gpa | BigInt(TABLE_ENTRY);
    this.#libc.copyOut(table + BigInt(index * 8), this.#word);
  }

  #takePage(): { gpa: bigint; hva: bigint } {
    let arena = this.#arenas.at(-1)!;
    if (this.#used === arena.pages) {
      arena = this.#grow(MORE_PAGES);
      this.#used = 0;
    }
    const offset = BigInt(this.#used++ * PAGE);
    return { gpa: arena.gpa + offset, hva: arena.hva + offset };
  }

  #grow(pages: number): Arena {
    const index = this.#arenas.length;
    const gpa = spaceBase(this.#physicalBits) + BigInt(index * MORE_PAGES * PAGE);
    const size = pages * PAGE;
    const hva = this.#libc.map(
      size,
      MAP_PRIVATE_ANONYMOUS_NORESERVE,
      -1,
      "Cannot map memory of the storing guest",
    );
    const arena = { gpa, hva, pages };
    this.#arenas.push(arena);
    this.#addSlot(SPACE_SLOT - index, gpa, size, hva);
    return arena;
  }
}
