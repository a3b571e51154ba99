/**
 * The kernel releases the model knows, each built on the one before it.
 *
 * @module
 */
import type { KernelRelease } from "./kernel_release.ts";

// KERNEL 3.14 virt/kvm/eventfd.c, virt/kvm/kvm_main.c, fs/eventfd.c
const v3_14: KernelRelease = {
  name: "3.14",
  title: "Linux 3.14, before the seed commit",
  capabilities: {
    0: 1, // IRQCHIP
    3: 1, // USER_MEMORY
    10: 125, // NR_MEMSLOTS
    15: 2, // COALESCED_MMIO: page offset
    25: 1024, // IRQ_ROUTING
    32: 1, // IRQFD
    33: 1, // PIT2
    36: 1, // IOEVENTFD
    66: 255, // MAX_VCPUS
    81: 1, // READONLY_MEM
    82: 1, // IRQFD_RESAMPLE
  },
  ioeventfd: {
    zeroLengthMmio: false,
    zeroLengthPio: false,
    validFlags: 0x0f,
    fastMmioBus: "none",
    fastBusTakesCcw: false,
    fastBusCountsIoeventfds: false,
    deassignFreesIn: "eventfd.c",
  },
  bus: {
    zeroLengthFindable: false,
    insertion: "heapsort",
    unregisterMissing: "ENOENT",
    unregisterOutOfMemory: "keep-device",
    coalescedRingChecksLast: false,
    coalescedRingFull: "unsigned-remainder",
    coalescedPio: false,
  },
  eventfd: {
    writeExactly8: false,
    readIter: false,
    skipsEmptySegments: false,
    selectReportsPaths: false,
    refusesNestedSignal: false,
    guardsFileCalls: false,
    blockedWaiterQueuesAt: "head",
    fdinfo: ["count"],
    semaphoreUnderflow: true,
  },
  irqfd: { drainsCounter: false, busyAcrossVms: false, withoutIrqchip: null },
  memslots: {
    userSlots: 125,
    addressSpaces: 1,
    validFlags: 0x3,
    maxGpaBits: null,
    generation: "per-publication",
    initialGeneration: 0,
  },
  vm: {
    vcpuIds: 255,
    pitNeedsPic: false,
    irqchipAfterSplit: true,
    routingNeedsIrqchip: false,
    deadVmIsEio: false,
    memoryRegion2: false,
  },
  x86: {
    fastMmio: false,
    fastHitInL2: false,
    fastTracepoint: "none",
    fastSingleStep: false,
    fastSkipWhenNested: "instruction-length-field",
    canEmulateCheckFirst: false,
    misconfigWhileVectoringFatal: true,
    refusesEmulationWhileVectoring: false,
    deliveryErrorData: "two",
    simultaneousExceptionData: 2,
    reusesFaultGpa: false,
    outAdvancesRipFirst: true,
    port7eQuirk: false,
    fastPioIn: false,
    port80Bypass: true,
    stringPio: "first-datum-only",
    kernelPortRead: "page",
    genericSkip: false,
    immediateExit: false,
    mmioCacheServesL2: true,
    mmioCacheHasGeneration: false,
    mmioSpte: "19-bit-offset",
    mmioSpteTopBits: true,
    misconfigOnPresentSpte: "bug-exit",
    emulationFailure: "any-cpl",
    skipFailureReexecutes: false,
    lapicPageWhenOff: false,
    unexpectedExit: "unknown",
    validatesSregs: false,
    mmioExitsCountedInEmulator: false,
  },
  trace: { format: "4.4", entryBeforeCheck: true },
};

// KERNEL f848a5a8dcb6 "KVM: support any-length wildcard ioeventfd"
const seed: KernelRelease = {
  ...v3_14,
  name: "seed",
  title: "f848a5a8dcb6 alone: zero length, no fast MMIO bus yet",
  capabilities: { ...v3_14.capabilities, 100: 1 },
  ioeventfd: { ...v3_14.ioeventfd, zeroLengthMmio: true },
};

// KERNEL 68c3b4d1676d "KVM: VMX: speed up wildcard MMIO EVENTFD"
const v3_16: KernelRelease = {
  ...seed,
  name: "3.16",
  title: "Linux 3.16, the first release with zero length and the fast MMIO bus",
  ioeventfd: {
    ...seed.ioeventfd,
    validFlags: 0x1f,
    fastMmioBus: "same-object",
    fastBusTakesCcw: true,
  },
  x86: { ...seed.x86, fastMmio: true, fastHitInL2: true },
};

// KERNEL 4.4: with the four fixes of 2015
const v4_4: KernelRelease = {
  ...v3_16,
  name: "4.4",
  title: "Linux 4.4: any length on PIO, separate fast objects, findable zero length",
  capabilities: { ...v3_16.capabilities, 10: 509, 105: 1, 121: 1, 122: 1 },
  ioeventfd: {
    ...v3_16.ioeventfd,
    zeroLengthPio: true,
    fastMmioBus: "own-object",
    fastBusTakesCcw: false,
    fastBusCountsIoeventfds: true,
  },
  bus: { ...v3_16.bus, zeroLengthFindable: true },
  memslots: {
    ...v3_16.memslots,
    userSlots: 509,
    addressSpaces: 2,
    generation: "odd-while-updating",
    initialGeneration: -150,
  },
  x86: {
    ...v3_16.x86,
    fastTracepoint: "after-skip",
    mmioCacheHasGeneration: true,
    mmioSpte: "20-bit-drop-low",
    misconfigOnPresentSpte: "retry",
    simultaneousExceptionData: 3,
    emulationFailure: "cpl0",
    unexpectedExit: "inject-ud",
  },
};

// KERNEL 5.15
const v5_15: KernelRelease = {
  ...v4_4,
  name: "5.15",
  title: "Linux 5.15",
  capabilities: { ...v4_4.capabilities, 10: 32764, 25: 4096, 66: 1024, 136: 1, 162: 1 },
  bus: {
    ...v4_4.bus,
    insertion: "ordered",
    unregisterMissing: null,
    unregisterOutOfMemory: "drop-bus-spare-target",
    coalescedRingChecksLast: true,
    coalescedPio: true,
  },
  eventfd: {
    ...v4_4.eventfd,
    readIter: true,
    skipsEmptySegments: true,
    refusesNestedSignal: true,
    fdinfo: ["count", "id"],
  },
  irqfd: { drainsCounter: true, busyAcrossVms: false, withoutIrqchip: "EINVAL" },
  memslots: {
    ...v4_4.memslots,
    userSlots: 32764,
    generation: "bit63-while-updating",
    initialGeneration: 0,
  },
  vm: {
    ...v4_4.vm,
    vcpuIds: 4096,
    irqchipAfterSplit: false,
    routingNeedsIrqchip: true,
    deadVmIsEio: true,
  },
  x86: {
    ...v4_4.x86,
    fastHitInL2: false,
    fastTracepoint: "before-skip",
    fastSingleStep: true,
    fastSkipWhenNested: "decode",
    canEmulateCheckFirst: true,
    deliveryErrorData: "address-of-misconfig",
    simultaneousExceptionData: 4,
    reusesFaultGpa: true,
    outAdvancesRipFirst: false,
    port7eQuirk: true,
    fastPioIn: true,
    port80Bypass: false,
    stringPio: "per-element-all-or-nothing",
    kernelPortRead: "cleared-page",
    genericSkip: true,
    immediateExit: true,
    mmioCacheServesL2: false,
    mmioSpte: "19-bit-low3",
    mmioSpteTopBits: false,
    emulationFailure: "cpl0-with-bytes",
    lapicPageWhenOff: true,
    unexpectedExit: "internal-error",
    validatesSregs: true,
    mmioExitsCountedInEmulator: true,
  },
  trace: { format: "5.15", entryBeforeCheck: false },
};

// KERNEL 6.19
const v6_19: KernelRelease = {
  ...v5_15,
  name: "6.19",
  title: "Linux 6.19",
  ioeventfd: { ...v5_15.ioeventfd, deassignFreesIn: "bus-unregister" },
  bus: { ...v5_15.bus, unregisterOutOfMemory: "drop-bus", coalescedRingFull: "one-left" },
  eventfd: {
    ...v5_15.eventfd,
    writeExactly8: true,
    selectReportsPaths: true,
    guardsFileCalls: true,
    blockedWaiterQueuesAt: "tail",
    fdinfo: ["count", "id", "semaphore"],
    semaphoreUnderflow: false,
  },
  irqfd: { ...v5_15.irqfd, busyAcrossVms: true },
  memslots: { ...v5_15.memslots, maxGpaBits: 52 },
  vm: { ...v5_15.vm, pitNeedsPic: true, memoryRegion2: true },
  x86: {
    ...v5_15.x86,
    misconfigWhileVectoringFatal: false,
    refusesEmulationWhileVectoring: true,
    deliveryErrorData: "five",
    stringPio: "per-element",
    kernelPortRead: "destination",
  },
  trace: { format: "6.19", entryBeforeCheck: false },
};

/** Every release the model knows, oldest first. */
export const kernelReleases: readonly KernelRelease[] = [v3_14, seed, v3_16, v4_4, v5_15, v6_19];

/** The newest release, which is what everything uses unless told otherwise. */
export const latestRelease: KernelRelease = v6_19;

/**
 * The release of that name.
 *
 * @param name One of `3.14`, `seed`, `3.16`, `4.4`, `5.15`, `6.19`
 * @returns Its rules
 * @throws {RangeError} for a name not known, with the names that are
 */
export function release(name: string): KernelRelease {
  const found = kernelReleases.find((r) => r.name === name);
  if (found === undefined) {
    const names = kernelReleases.map((r) => r.name).join(", ");
    throw new RangeError(`Unknown kernel release "${name}": choose one of ${names}`);
  }
  return found;
}
