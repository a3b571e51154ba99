/**
 * How VMMs wire virtio queues to ioeventfds: one doorbell for each queue, in queue order.
 *
 * @module
 */
import { type Doorbell, mmioDoorbell, pioDoorbell } from "./doorbell.ts";

/** Offset of QueueNotify in the I/O BAR of legacy virtio-pci. */
const legacyNotify = 0x10n;
/** Offset of QueueNotify in a virtio-mmio device. */
const mmioNotify = 0x50n;

/** A virtio-pci notification structure in memory space. */
export interface NotifyRegion {
  /** Guest physical address of queue 0's doorbell: BAR and notification offset. */
  readonly notify: bigint;
  /** Queues. */
  readonly queues: number;
  /** `notify_off_multiplier`: bytes from one queue's doorbell to the next's. 4 where absent. */
  readonly multiplier?: number;
}

/** Queues of a device that has one notification register for all. */
export interface NotifyRegister {
  /** Guest physical address of the device, or first port of its I/O BAR. */
  readonly base: bigint;
  /** Queues. */
  readonly queues: number;
}

/**
 * QEMU's virtio-pci modern: an address for each queue, any length where the kernel has `KVM_CAP_IOEVENTFD_ANY_LENGTH`, else
 * 2 bytes of any value. Multiplier 4, or 4096 with `page-per-vq=on`.
 *
 * @param region Where, how many queues, how far apart
 * @param anyLength The kernel has the capability; true where absent
 *
 * @example
 * ```ts
 * import { qemuVirtioPciModern, showDoorbell } from "@ioeventfd/scenario";
 *
 * const doorbells = qemuVirtioPciModern({ notify: 0xfebfb000n, queues: 2 });
 * const text = doorbells.map(showDoorbell).join(", ");
 * if (text !== "mmio 0xfebfb000 any length, mmio 0xfebfb004 any length") throw new Error(text);
 * ```
 */
export function qemuVirtioPciModern(region: NotifyRegion, anyLength: boolean = true): Doorbell[] {
  return perQueue(region).map((addr) => mmioDoorbell(addr, anyLength ? 0 : 2));
}

/**
 * QEMU's virtio-pci modern with `modern-pio-notify=on`: one port for all queues, 2 bytes, the queue's number as the
 * value.
 *
 * @param register Port and number of queues
 */
export function qemuVirtioPciModernPio({ base, queues }: NotifyRegister): Doorbell[] {
  return byValue(queues, (queue) => pioDoorbell(base, 2, queue));
}

/**
 * QEMU's virtio-pci legacy (and transitional): QueueNotify in the I/O BAR, 2 bytes, the queue's number as the value.
 *
 * @param register I/O BAR and number of queues
 */
export function qemuVirtioPciLegacy({ base, queues }: NotifyRegister): Doorbell[] {
  return byValue(queues, (queue) => pioDoorbell(base + legacyNotify, 2, queue));
}

/**
 * virtio-mmio in QEMU, Firecracker and kvmtool alike: QueueNotify at 0x50, 4 bytes, the queue's number as the value.
 *
 * @param register Device and number of queues
 */
export function virtioMmio({ base, queues }: NotifyRegister): Doorbell[] {
  return byValue(queues, (queue) => mmioDoorbell(base + mmioNotify, 4, queue));
}

/**
 * Firecracker's virtio-pci: an address for each queue, any length, multiplier 4.
 *
 * @param region Where and how many queues
 */
export function firecrackerVirtioPci(region: NotifyRegion): Doorbell[] {
  return perQueue(region).map((addr) => mmioDoorbell(addr));
}

/** kvmtool's virtio-pci: both BARs carry the doorbell. */
export interface KvmtoolRegion {
  /** First port of the I/O BAR. */
  readonly ports: bigint;
  /** Guest physical address of the memory BAR. */
  readonly memory: bigint;
  /** Offset of the doorbell in both; 0x10, as in legacy virtio-pci, where absent. */
  readonly offset?: bigint;
  /** Queues. */
  readonly queues: number;
}

/**
 * kvmtool's virtio-pci: for each queue an OUT and a store of 2 bytes with the queue's number as the value; each has an
 * eventfd of its own, so there are two doorbells for each queue, the port first.
 *
 * @param region BARs and number of queues
 */
export function kvmtoolVirtioPci(region: KvmtoolRegion): Doorbell[] {
  const offset = region.offset ?? legacyNotify;
  return byValue(region.queues, (queue) => [
    pioDoorbell(region.ports + offset, 2, queue),
    mmioDoorbell(region.memory + offset, 2, queue),
  ]).flat();
}

function perQueue({ notify, queues, multiplier = 4 }: NotifyRegion): bigint[] {
  return byValue(queues, (queue) => notify + queue * BigInt(multiplier));
}

function byValue<T>(queues: number, doorbell: (queue: bigint) => T): T[] {
  if (!Number.isInteger(queues) || queues < 0) throw new RangeError(`${queues} queues`);
  return Array.from({ length: queues }, (_, queue) => doorbell(BigInt(queue)));
}
