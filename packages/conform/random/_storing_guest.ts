import { type KvmVcpu, longModeSregs, type Regs } from "@ioeventfd/uapi";

const PAGE = 0x1000;
const CODE = 0x1000, TABLES = 0x2000, DIRECTORIES = 0x3000;
const PRESENT_WRITABLE = 3n, HUGE = 0x80n;
const routineSize = 16;

/** mov [rdi], al/ax/eax/rax */
const stores: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [0x88, 0x07]],
  [2, [0x66, 0x89, 0x07]],
  [4, [0x89, 0x07]],
  [8, [0x48, 0x89, 0x07]],
]);
/** out dx, al/ax/eax */
const outs: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [0xee]],
  [2, [0x66, 0xef]],
  [4, [0xef]],
]);
const HLT = 0xf4;
const outsFrom = CODE + 0x100;

/** A 64-bit guest that does one store or OUT when it is told. */
export class StoringGuest {
  /** Its RAM at GPA 0, in bytes. */
  static readonly ramSize = 0x2_0000;
  /** Its memory slot. */
  static readonly slot = 100;
  /** Its vCPU id. */
  static readonly cpu = 200;
  readonly #cpu: KvmVcpu;
  readonly #ram: DataView;
  readonly #regs: Regs;
  /** Where the page directory pointers of each 512 GiB are. */
  readonly #directories = new Map<bigint, number>();

  constructor(cpu: KvmVcpu, ram: Uint8Array) {
    this.#cpu = cpu;
    this.#ram = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    for (const [len, code] of stores) ram.set([...code, HLT], CODE + len * routineSize);
    for (const [len, code] of outs) ram.set([...code, HLT], outsFrom + len * routineSize);
    this.#map(0n);
    cpu.setSregs(longModeSregs(cpu.getSregs(), BigInt(TABLES)));
    this.#regs = { ...cpu.getRegs(), rflags: 2n };
  }

  write(bus: "mmio" | "pio", addr: bigint, len: number, value: bigint): "kernel" | "userspace" {
    const regs = this.#regs;
    regs.rax = value;
    if (bus === "mmio") {
      this.#map(addr);
      this.#map(addr + BigInt(len - 1));
      regs.rdi = addr;
      regs.rip = BigInt(CODE + len * routineSize);
    } else {
      regs.rdx = addr;
      regs.rip = BigInt(outsFrom + len * routineSize);
    }
    this.#cpu.setRegs(regs);
    for (let answer: "kernel" | "userspace" = "kernel";;) {
      const { reason } = this.#cpu.run({ maxInstructions: 100 });
      if (reason === "hlt") return answer;
      if (reason !== "mmio" && reason !== "io") {
        throw new Error(`The guest's store ended with ${reason}`);
      }
      answer = "userspace";
    }
  }

  /** Maps the 1 GiB around an address at itself. */
  #map(addr: bigint): void {
    const top = addr >> 39n;
    let at = this.#directories.get(top);
    if (at === undefined) {
      at = DIRECTORIES + this.#directories.size * PAGE;
      this.#directories.set(top, at);
      this.#ram.setBigUint64(TABLES + 8 * Number(top), BigInt(at) | PRESENT_WRITABLE, true);
    }
    const gigabyte = addr >> 30n;
    const entry = gigabyte << 30n | HUGE | PRESENT_WRITABLE;
    this.#ram.setBigUint64(at + 8 * Number(gigabyte & 511n), entry, true);
  }
}
