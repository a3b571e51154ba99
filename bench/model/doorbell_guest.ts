/**
 * A guest that rings doorbells: 64-bit code under 2 MiB pages, a run of stores to doorbells and a loop around it.
 *
 * @module
 */
import { VmxBackend, type VmxSystem, type VmxVcpu, type VmxVm } from "@ioeventfd/vmx-sim";
import { fillTables, guestLayout, startSregs } from "@ioeventfd/scenario";
import type { IoeventfdMatch } from "@ioeventfd/uapi";

/** Stores of one turn of the loop. */
const UNROLLED = 64;
const MEMORY = 0x20_0000;
/** Address of the first doorbell. */
export const DOORBELL = 0xd000_0000;

/** What the guest is to ring. */
export interface GuestOptions {
  /** Which writes signal. */
  readonly match: IoeventfdMatch;
  /** Doorbells, a page apart, which the stores of a turn ring one after the other; a power of two up to 64. */
  readonly doorbells: number;
}

/** A guest and its VM. */
export class DoorbellGuest {
  /** The system it runs in. */
  readonly kvm: VmxSystem;
  /** Descriptors of the doorbells. */
  readonly fds: readonly number[];
  readonly #vcpu: VmxVcpu;

  /** @param options Doorbells and their match */
  constructor({ match, doorbells }: GuestOptions) {
    this.kvm = new VmxBackend().open();
    const vm: VmxVm = this.kvm.createVm();
    const { bytes, hva } = this.kvm.allocateMemory(MEMORY);
    fillTables("prot64", bytes);
    bytes.set(code(doorbells), guestLayout.code);
    vm.setMemoryRegion({ slot: 0, gpa: 0n, size: BigInt(MEMORY), hva });
    this.fds = Array.from({ length: doorbells }, (_, i) => {
      const fd = this.kvm.eventfd(0, 0);
      vm.assignIoeventfd({ bus: "mmio", addr: BigInt(DOORBELL + 0x1000 * i), match, fd });
      return fd;
    });
    this.#vcpu = vm.createVcpu(0);
    this.#vcpu.setSregs(startSregs("prot64", this.#vcpu.getSregs()));
  }

  /**
   * Runs the guest until it has rung so often.
   *
   * @param kicks Stores to doorbells; a multiple of 64
   * @throws {Error} when it leaves for userspace before that
   */
  ring(kicks: number): void {
    const regs = this.#vcpu.getRegs();
    this.#vcpu.setRegs({
      ...regs,
      rip: BigInt(guestLayout.code),
      rdi: BigInt(DOORBELL),
      rcx: BigInt(kicks / UNROLLED),
    });
    const { reason } = this.#vcpu.run();
    if (reason !== "hlt") throw new Error(`The guest left with ${reason}`);
  }

  /** Takes what the doorbells counted: as many as they rang, each the same number of times. */
  takeCount(): number {
    const counts = this.fds.map((fd) => Number(this.kvm.eventfdRead(fd)));
    if (counts.some((count) => count !== counts[0])) throw new Error(`Counts differ: ${counts}`);
    return counts.reduce((sum, count) => sum + count);
  }
}

/** `mov [rdi + disp32], eax` 64 times, `dec ecx`, `jnz` back, `hlt`. */
function code(doorbells: number): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < UNROLLED; i++) {
    const displacement = 0x1000 * (i % doorbells);
    bytes.push(0x89, 0x87, ...littleEndian(displacement));
  }
  bytes.push(0xff, 0xc9, 0x0f, 0x85);
  bytes.push(...littleEndian(-(bytes.length + 4)), 0xf4);
  return bytes;
}

function littleEndian(value: number): number[] {
  return [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24 & 0xff];
}
