/**
 * What each rule of a release is called in a table; a test says which rules lack a name.
 *
 * @module
 */
import type { KernelRelease } from "@ioeventfd/uapi";

type Group = Exclude<keyof KernelRelease, "name" | "title" | "capabilities">;
type RuleNames = { readonly [G in Group]: { readonly [F in keyof KernelRelease[G]]?: string } };

/** Names of the groups of rules. */
export const groupNames: Readonly<Record<Group, string>> = {
  ioeventfd: "KVM_IOEVENTFD",
  bus: "I/O bus",
  eventfd: "eventfd",
  irqfd: "KVM_IRQFD",
  vm: "VM descriptor",
  memslots: "Memory slots",
  x86: "x86 exits",
  trace: "Tracepoints",
};

/** Names of the rules, in the order they are shown. */
export const ruleNames: RuleNames = {
  ioeventfd: {
    zeroLengthMmio: "len 0 on MMIO and CCW",
    zeroLengthPio: "len 0 on PIO",
    validFlags: "accepted flag bits",
    fastMmioBus: "fast MMIO twin of len 0",
    fastBusTakesCcw: "len 0 CCW goes on the fast bus (bug)",
    fastBusCountsIoeventfds: "fast bus counts ioeventfds (else ENOSPC at 1,001)",
    deassignFreesIn: "deassign frees in",
  },
  bus: {
    zeroLengthFindable: "len 0 found by a write of any length",
    insertion: "order of the array",
    unregisterMissing: "unregister of a missing device",
    unregisterOutOfMemory: "unregister without memory",
    coalescedRingChecksLast: "coalesced ring checks `last`",
    coalescedRingFull: "coalesced ring is full at",
    coalescedPio: "coalesced zones on PIO",
  },
  eventfd: {
    writeExactly8: "write takes exactly 8 bytes",
    readIter: "readv scatters one read, RWF_NOWAIT",
    skipsEmptySegments: "writev passes over empty segments",
    selectReportsPaths: "select finds O_PATH ready",
    refusesNestedSignal: "signal inside a wake callback refused",
    guardsFileCalls: "so inside those of read and write",
    blockedWaiterQueuesAt: "blocked reader queues at",
    fdinfo: "fdinfo lines",
    semaphoreUnderflow: "semaphore underflow (bug)",
  },
  irqfd: {
    drainsCounter: "irqfd drains the counter",
    busyAcrossVms: "EBUSY also across VMs",
    withoutIrqchip: "assign without irqchip",
  },
  vm: {
    vcpuIds: "vCPU ids",
    pitNeedsPic: "PIT needs the PIC in the kernel",
    irqchipAfterSplit: "PIC also beside a split irqchip",
    routingNeedsIrqchip: "interrupt routes need an irqchip",
    deadVmIsEio: "ioctl on a dead VM is EIO",
    memoryRegion2: "KVM_SET_USER_MEMORY_REGION2",
  },
  memslots: {
    userSlots: "user slots",
    addressSpaces: "address spaces",
    validFlags: "accepted flag bits",
    maxGpaBits: "bits of the highest slot address",
    generation: "generation moves",
    initialGeneration: "first generation",
  },
  x86: {
    fastMmio: "fast MMIO on EPT misconfig",
    fastHitInL2: "fast hit in L2 (bug)",
    fastTracepoint: "kvm_fast_mmio tracepoint",
    fastSingleStep: "fast hit delivers single-step #DB",
    fastSkipWhenNested: "fast skip under a hypervisor",
    canEmulateCheckFirst: "can-emulate check before the fast bus",
    misconfigWhileVectoringFatal: "misconfig while vectoring is fatal",
    refusesEmulationWhileVectoring: "no emulation while vectoring",
    deliveryErrorData: "data of suberror 3",
    simultaneousExceptionData: "data of suberror 2",
    reusesFaultGpa: "data walk left out on misconfig",
    outAdvancesRipFirst: "OUT advances RIP before the exit",
    port7eQuirk: "port 0x7e advances RIP first",
    fastPioIn: "IN without the emulator",
    kernelPortRead: "IN of a device in the kernel fills",
    port80Bypass: "port 0x80 does not exit",
    stringPio: "string PIO in kernel",
    genericSkip: "generic instruction skip",
    immediateExit: "immediate_exit",
    mmioCacheServesL2: "MMIO cache serves L2",
    mmioCacheHasGeneration: "MMIO cache follows memory slots",
    mmioSpte: "generation in an MMIO SPTE",
    mmioSpteTopBits: "bits 63:62 of an MMIO SPTE set",
    misconfigOnPresentSpte: "misconfig on a present SPTE",
    emulationFailure: "failed emulation exits",
    skipFailureReexecutes: "skip that fails executes again (bug)",
    lapicPageWhenOff: "a LAPIC that is off keeps its page",
    unexpectedExit: "exit without a handler",
    validatesSregs: "KVM_SET_SREGS refuses contradictions",
    mmioExitsCountedInEmulator: "mmio_exits counted in the emulator",
  },
  trace: { format: "text format", entryBeforeCheck: "kvm_entry also of an entry not made" },
};
