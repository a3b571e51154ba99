/**
 * Playing a history on a backend.
 *
 * @module
 */
import {
  encodeCoalescedMmioZone,
  encodeEnableCap,
  encodePitConfig,
  encodeUserspaceMemoryRegion,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CREATE_PIT2,
  KVM_ENABLE_CAP,
  KVM_PIT_SPEAKER_DUMMY,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
  KvmError,
} from "@ioeventfd/uapi";
import type { EnableCap, HostMemory, KvmBackend, KvmSystem, KvmVm } from "@ioeventfd/uapi";
import { ioeventfdCall, outcomeOf } from "./_ioeventfd_call.ts";
import { onSystem } from "./_on_system.ts";
import { NEVER_OPEN, oddDescriptors } from "./_odd_descriptors.ts";
import type {
  DescriptorName,
  HistoryOp,
  HistoryResult,
  PeekOp,
  RingEntry,
  SlotOp,
  VmOp,
  WriteOp,
  ZoneOp,
} from "./history.ts";
import type { PlayOptions } from "./play_options.ts";

/** Memory that slots of a history take their pages from. */
export const HISTORY_PAGES = 16;

const PAGE = 0x1000;
/** Local APICs in the kernel, and the 24 pins of an IOAPIC in userspace. */
const splitIrqchip: EnableCap = { cap: KVM_CAP_SPLIT_IRQCHIP, flags: 0, args: [24n, 0n, 0n, 0n] };

/**
 * Plays a history on fresh VMs.
 *
 * @param backend Model or live kernel
 * @param vms How many VMs there are
 * @param ops What is done
 * @param options How to end
 * @returns What came of each op
 * @throws {TypeError} for an op that no history can hold, such as a write to a VM that was destroyed
 *
 * @example Closing an eventfd does not unregister it
 * ```ts
 * import { playHistory, showResult } from "@ioeventfd/conform";
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * const doorbell = { vm: 0, addr: 0xd0000000n, len: 4, flags: 0, datamatch: 0n } as const;
 * const results = playHistory(new CoreBackend(), 1, [
 *   { op: "eventfd", fd: 0, initial: 0, flags: 0 },
 *   { op: "ioeventfd", fd: 0, ...doorbell },
 *   { op: "close", fd: 0 },
 *   { op: "write", vm: 0, bus: "mmio", addr: 0xd0000000n, len: 4, value: 1n, times: 1 },
 *   { op: "eventfd", fd: 1, initial: 0, flags: 0 },
 *   { op: "ioeventfd", fd: 1, ...doorbell },
 * ]);
 * const text = results.map(showResult).join(", ");
 * if (text !== "ok, ok, ok, 1 taken, ok, EEXIST") throw new Error(text);
 * ```
 */
export function playHistory(
  backend: KvmBackend,
  vms: number,
  ops: readonly HistoryOp[],
  options: PlayOptions = {},
): HistoryResult[] {
  return onSystem(backend, options, (system) => playHistoryOn(system, vms, ops));
}

/**
 * Plays a history on fresh VMs of a system that is open already, and that nothing was done with.
 *
 * @param system An open `/dev/kvm`
 * @param vms How many VMs there are
 * @param ops What is done
 * @returns What came of each op
 * @throws {TypeError} for an op that no history can hold
 */
export function playHistoryOn(
  system: KvmSystem,
  vms: number,
  ops: readonly HistoryOp[],
): HistoryResult[] {
  const player = new Player(system, vms, ops);
  return ops.map((op) => player.play(op));
}

class Player {
  readonly #system: KvmSystem;
  readonly #vms: (KvmVm | undefined)[];
  readonly #numbers = new Map<number, number>();
  readonly #closed = new Set<number>();
  #memory: HostMemory | undefined;

  constructor(system: KvmSystem, vms: number, ops: readonly HistoryOp[]) {
    this.#system = system;
    this.#vms = Array.from({ length: vms }, () => system.createVm());
    // A live VM makes the vCPU that writes at its first write, which takes long once something is registered.
    for (const [i, vm] of this.#vms.entries()) {
      const own = ops.filter((op) => "vm" in op && op.vm === i);
      if (own.some(({ op }) => op === "irqchip" || op === "split")) continue;
      if (own.some(({ op }) => op === "write")) vm!.guestWrite("pio", 0xfffen, 1, 0n);
    }
  }

  play(op: HistoryOp): HistoryResult {
    switch (op.op) {
      case "eventfd":
        return this.#make(op.fd, () => this.#system.eventfd(op.initial, op.flags));
      case "open":
        return this.#make(op.fd, () => this.#system.openOther(op.kind));
      case "dup":
        return this.#make(op.fd, () => this.#system.dup(this.#number(op.of)));
      case "close":
        return this.#close(op.fd);
      case "read":
        return value(() => this.#system.eventfdRead(this.#number(op.fd)));
      case "count":
        return value(() => this.#system.eventfdCount(this.#number(op.fd)));
      case "add":
        return call(() => this.#system.eventfdWrite(this.#number(op.fd), op.value));
      case "poll":
        return { mask: this.#system.poll(this.#number(op.fd)) };
      case "ioeventfd":
        return { errno: ioeventfdCall(this.#vm(op.vm), op, this.#number(op.fd)) };
      case "write":
        return this.#write(op);
      case "zone":
      case "unzone":
        return this.#zone(op);
      case "slot":
        return this.#slot(op);
      case "peek":
        return { value: this.#peek(op) };
      default:
        return this.#control(op);
    }
  }

  #make(name: number, open: () => number): HistoryResult {
    return call(() => {
      this.#numbers.set(name, open());
      this.#closed.delete(name);
    });
  }

  #close(name: number): HistoryResult {
    const result = call(() => this.#system.close(this.#number(name)));
    this.#closed.add(name);
    return result;
  }

  /** The number of a descriptor; of a closed one only while nothing else has it. */
  #number(name: DescriptorName): number {
    if (typeof name === "string") return oddDescriptors[name];
    const number = this.#numbers.get(name);
    if (number === undefined) return NEVER_OPEN;
    if (!this.#closed.has(name)) return number;
    for (const [other, taken] of this.#numbers) {
      if (taken === number && !this.#closed.has(other)) return NEVER_OPEN;
    }
    return number;
  }

  #vm(index: number): KvmVm {
    const vm = this.#vms[index];
    if (vm === undefined) throw new TypeError(`There is no VM ${index} any more`);
    return vm;
  }

  #write({ vm, bus, addr, len, value, times }: WriteOp): HistoryResult {
    const machine = this.#vm(vm);
    let taken = 0;
    for (let i = 0; i < times; i++) {
      if (machine.guestWrite(bus, addr, len, value) === "kernel") taken++;
    }
    return { taken };
  }

  #zone({ op, vm, addr, size, pio }: ZoneOp): HistoryResult {
    const request = op === "zone" ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO;
    return call(() => this.#vm(vm).ioctl(request, encodeCoalescedMmioZone({ addr, size, pio })));
  }

  #slot({ vm, slot, flags, gpa, size, page }: SlotOp): HistoryResult {
    const userspaceAddr = this.#pages().hva + BigInt(page * PAGE);
    const region = { slot, flags, guestPhysAddr: gpa, memorySize: size, userspaceAddr };
    const bytes = encodeUserspaceMemoryRegion(region);
    return call(() => this.#vm(vm).ioctl(KVM_SET_USER_MEMORY_REGION, bytes));
  }

  #peek({ page, offset }: PeekOp): bigint {
    const { bytes } = this.#pages();
    const at = page * PAGE + offset;
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
  }

  #pages(): HostMemory {
    return this.#memory ??= this.#system.allocateMemory(HISTORY_PAGES * PAGE);
  }

  #control({ op, vm }: VmOp): HistoryResult {
    const machine = this.#vm(vm);
    switch (op) {
      case "ring":
        return { entries: ringEntries(machine) };
      case "irqchip":
        return call(() => machine.createIrqchip());
      case "split":
        return call(() => machine.ioctl(KVM_ENABLE_CAP, encodeEnableCap(splitIrqchip)));
      case "pit":
      case "speaker":
        return call(() => {
          const flags = op === "speaker" ? KVM_PIT_SPEAKER_DUMMY : 0;
          machine.ioctl(KVM_CREATE_PIT2, encodePitConfig({ flags }));
        });
      case "destroy":
        this.#vms[vm] = undefined;
        return call(() => machine[Symbol.dispose]());
    }
  }
}

function call(what: () => unknown): HistoryResult {
  return { errno: outcomeOf(what) };
}

function value(read: () => bigint): HistoryResult {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof KvmError) return { errno: error.code };
    throw error;
  }
}

function ringEntries(vm: KvmVm): RingEntry[] {
  if (vm.takeCoalesced === undefined) throw new TypeError("This backend shows no coalesced ring");
  return vm.takeCoalesced().map(({ physAddr, len, pio, data }) => {
    const whole = new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
    return { addr: physAddr, len, pio, data: BigInt.asUintN(len * 8, whole) };
  });
}
