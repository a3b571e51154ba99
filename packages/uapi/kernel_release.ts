/**
 * What differs between kernel releases, as named fields. Code asks a field, never a version number, so each historic
 * bug can be switched on alone: `{ ...release("6.19"), ... }`.
 *
 * @module
 */

/** Rules of `KVM_IOEVENTFD` itself. */
export interface IoeventfdRules {
  /** `len = 0` accepted on MMIO (and CCW): the seed commit's change. */
  readonly zeroLengthMmio: boolean;
  /** `len = 0` accepted on PIO: "kvm: add capability for any-length ioeventfds". */
  readonly zeroLengthPio: boolean;
  /** Accepted flag bits on assign. Bit 4 (0x10) came with the fast MMIO bus, and nothing reads it. */
  readonly validFlags: number;
  /**
   * The twin of a zero-length registration: none; the same object on both buses (one list entry, freed twice at VM
   * destruction); or an object of its own.
   */
  readonly fastMmioBus: "none" | "same-object" | "own-object";
  /** Quirk `fast-bus-for-ccw`: a zero-length CCW registration goes on the fast bus too. */
  readonly fastBusTakesCcw: boolean;
  /** False is quirk `fast-count-enospc`: the fast bus counts its ioeventfds as ordinary devices. */
  readonly fastBusCountsIoeventfds: boolean;
  /** Who frees the ioeventfd on deassign. */
  readonly deassignFreesIn: "eventfd.c" | "bus-unregister";
}

/** Rules of the I/O bus: `virt/kvm/kvm_main.c`. */
export interface BusRules {
  /** The comparator finds a zero-length device with a key of any length (8f4216c7d289). */
  readonly zeroLengthFindable: boolean;
  /** Append then heapsort of the whole array, or insertion before the first greater entry. */
  readonly insertion: "heapsort" | "ordered";
  /** Errno of unregistering a device that is not on the bus, or null. */
  readonly unregisterMissing: "ENOENT" | null;
  /** When the smaller array cannot be allocated. */
  readonly unregisterOutOfMemory: "keep-device" | "drop-bus-spare-target" | "drop-bus";
  /** Coalesced ring: a `last` index of 170 or more put there by userspace refuses the write. */
  readonly coalescedRingChecksLast: boolean;
  /**
   * When the coalesced ring counts as full: when one entry is left, or when the unsigned remainder of
   * (first − last − 1) by 170 is 0, which is so half-way already while `first` is below 85 (quirk `coalesced-half-ring`).
   */
  readonly coalescedRingFull: "one-left" | "unsigned-remainder";
  /** Coalesced zones on the PIO bus, and a `pio` that is neither 0 nor 1 is EINVAL. */
  readonly coalescedPio: boolean;
}

/** Rules of `fs/eventfd.c`. */
export interface EventfdRules {
  /** `write` takes exactly 8 bytes; before, 8 or more. */
  readonly writeExactly8: boolean;
  /**
   * Read through `read_iter` (5.8 on): readv scatters one read over its segments, and RWF_NOWAIT works. Before, each
   * segment is a read of its own.
   */
  readonly readIter: boolean;
  /** writev passes over an empty segment behind the first (5.14 on). Before, it ends there, as a write of 0 bytes fails. */
  readonly skipsEmptySegments: boolean;
  /** select finds a descriptor open with O_PATH ready in every set (6.13 on). Before, in none. */
  readonly selectReportsPaths: boolean;
  /** Kernel-side signal within an eventfd wake callback is refused with a warning. */
  readonly refusesNestedSignal: boolean;
  /** So it is in the callbacks of a read and of a write. In 5.15 in those of a signal alone. */
  readonly guardsFileCalls: boolean;
  /** Where a blocking reader or writer queues: head wakes newest first, tail oldest first. */
  readonly blockedWaiterQueuesAt: "head" | "tail";
  /** Lines of `/proc/PID/fdinfo/FD` after the common ones. */
  readonly fdinfo: readonly ("count" | "id" | "semaphore")[];
  /** Quirk `eventfd-sem-underflow`: the remove-wait-queue helper takes 1 from a semaphore that holds 0. */
  readonly semaphoreUnderflow: boolean;
}

/** Rules of `KVM_IRQFD` that meet ioeventfds. */
export interface IrqfdRules {
  /** irqfd reads the counter and stops the wake walk (v5.11 on). */
  readonly drainsCounter: boolean;
  /** EBUSY is judged within this VM, or for the eventfd in any VM. */
  readonly busyAcrossVms: boolean;
  /** Errno of an assign without an in-kernel interrupt controller, or null where nobody on x86 looks. */
  readonly withoutIrqchip: "EINVAL" | null;
}

/** Rules of the VM descriptor itself. */
export interface VmRules {
  /** vCPU ids at or above it are EINVAL. */
  readonly vcpuIds: number;
  /** `KVM_CREATE_PIT2` without a PIC in the kernel is ENOENT. */
  readonly pitNeedsPic: boolean;
  /** `KVM_CREATE_IRQCHIP` makes PIC and IOAPIC beside a split irqchip; later that is EEXIST. */
  readonly irqchipAfterSplit: boolean;
  /**
   * `KVM_SET_GSI_ROUTING` without an interrupt controller in the kernel is EINVAL. Before, it is not, and no routes are
   * ENOMEM, as many as `KVM_CAP_IRQ_ROUTING` says EINVAL.
   */
  readonly routingNeedsIrqchip: boolean;
  /** An ioctl on a VM that was marked dead is EIO. */
  readonly deadVmIsEio: boolean;
  /** `KVM_SET_USER_MEMORY_REGION2` is known. */
  readonly memoryRegion2: boolean;
}

/** Rules of `KVM_SET_USER_MEMORY_REGION`. */
export interface MemslotRules {
  /** User slots; ids at or above it are EINVAL. */
  readonly userSlots: number;
  /** Address spaces a VM has (2 with SMM). */
  readonly addressSpaces: number;
  /** Accepted flag bits. */
  readonly validFlags: number;
  /** Bits of the highest guest physical address a slot may have, or null where nobody looks. */
  readonly maxGpaBits: number | null;
  /** How the memslot generation moves, which is what an MMIO SPTE carries. */
  readonly generation: "per-publication" | "odd-while-updating" | "bit63-while-updating";
  /** First value of the memslot generation. */
  readonly initialGeneration: number;
}

/** Rules of the x86 exit paths: `arch/x86/kvm`. */
export interface X86Rules {
  /** EPT misconfig asks the fast bus at all. */
  readonly fastMmio: boolean;
  /** Quirk `fast-in-L2`: the fast bus is asked with an L2 guest physical address too. */
  readonly fastHitInL2: boolean;
  /** `kvm_fast_mmio` tracepoint, and whether RIP has moved when it fires. */
  readonly fastTracepoint: "none" | "after-skip" | "before-skip";
  /** Single-step #DB survives a fast hit. */
  readonly fastSingleStep: boolean;
  /** RIP skip of a fast hit when KVM itself runs under a hypervisor. */
  readonly fastSkipWhenNested: "instruction-length-field" | "decode";
  /** The can-emulate check comes before the fast bus. */
  readonly canEmulateCheckFirst: boolean;
  /** An EPT misconfig that cuts the delivery of an event short is fatal (suberror 3), as most exits then are. */
  readonly misconfigWhileVectoringFatal: boolean;
  /**
   * Nothing is emulated on behalf of an event in delivery: a misconfig resumes the guest, a violation is suberror 3.
   * Before, the instruction at RIP was emulated, which had nothing to do with the access.
   */
  readonly refusesEmulationWhileVectoring: boolean;
  /**
   * Data of suberror 3: vectoring information and exit reason; those, the qualification, the address of a misconfig
   * (of no other exit) and the CPU; or those with the address in place always.
   */
  readonly deliveryErrorData: "two" | "address-of-misconfig" | "five";
  /**
   * Data of suberror 2, an exception while an event is delivered: vectoring and interruption information; those and the
   * error code; those and the CPU.
   */
  readonly simultaneousExceptionData: 2 | 3 | 4;
  /** GVA to GPA walk of the data is left out when the exit gave the GPA. */
  readonly reusesFaultGpa: boolean;
  /** RIP moves before KVM_EXIT_IO of an OUT. */
  readonly outAdvancesRipFirst: boolean;
  /** OUT to port 0x7e advances RIP before the exit all the same. */
  readonly port7eQuirk: boolean;
  /** IN without a string prefix is answered without the emulator. */
  readonly fastPioIn: boolean;
  /** Accesses to port 0x80 do not exit, so an ioeventfd there is silent. */
  readonly port80Bypass: boolean;
  /** A string PIO batch in kernel: one bus call with the first datum, or one per element. */
  readonly stringPio: "first-datum-only" | "per-element-all-or-nothing" | "per-element";
  /**
   * Where a device in the kernel puts what an IN reads: into the page that userspace has, as it is or cleared first, or
   * straight where the guest wants it. A device that leaves bytes out leaves what stood there.
   */
  readonly kernelPortRead: "page" | "cleared-page" | "destination";
  /** Generic skip keeps RIP in 32 bits outside 64-bit mode and reports TF. */
  readonly genericSkip: boolean;
  /** `immediate_exit` in kvm_run is honoured. */
  readonly immediateExit: boolean;
  /** The per-vCPU MMIO cache answers in a nested guest too, whose addresses are not the guest's. */
  readonly mmioCacheServesL2: boolean;
  /** False is quirk `stale-mmio-cache`: the per-vCPU MMIO cache outlives a memslot change. */
  readonly mmioCacheHasGeneration: boolean;
  /** Layout of the generation in an MMIO SPTE (facts §4.7). */
  readonly mmioSpte: "19-bit-offset" | "20-bit-drop-low" | "19-bit-low3";
  /** Value of bits 63:62 in an MMIO SPTE. */
  readonly mmioSpteTopBits: boolean;
  /** An unexpected present SPTE on a misconfig is KVM_EXIT_UNKNOWN, or a refault. */
  readonly misconfigOnPresentSpte: "bug-exit" | "retry";
  /** Failed emulation: internal error at any CPL, or at CPL 0 alone; with instruction bytes or none. */
  readonly emulationFailure: "any-cpl" | "cpl0" | "cpl0-with-bytes";
  /** Quirk `fast-skip-reexec`: a skip that cannot decode its instruction lets the guest execute it again. */
  readonly skipFailureReexecutes: boolean;
  /**
   * The page of a LAPIC that is off, or in x2APIC mode, is still no device's but the LAPIC's. Before, one that is off
   * has no page, and x2APIC mode changes nothing about it.
   */
  readonly lapicPageWhenOff: boolean;
  /** An exit reason without a handler: KVM_EXIT_UNKNOWN, #UD for the guest, or suberror 4. */
  readonly unexpectedExit: "unknown" | "inject-ud" | "internal-error";
  /** `KVM_SET_SREGS` refuses control registers that contradict each other. */
  readonly validatesSregs: boolean;
  /** mmio_exits statistic counts userspace MMIO exits of the emulator rather than page-fault emulations. */
  readonly mmioExitsCountedInEmulator: boolean;
}

/** Text of the tracepoints. */
export interface TraceRules {
  /** The release that the text is of; `4.4` also in those before. */
  readonly format: "4.4" | "5.15" | "6.19";
  /** `kvm_entry` is there before KVM finds that it has to emulate instead of entering. */
  readonly entryBeforeCheck: boolean;
}

/** One kernel release as the rules in force. */
export interface KernelRelease {
  /** The name `--kernel` takes. */
  readonly name: string;
  /** What it stands for. */
  readonly title: string;
  /** Answers of `KVM_CHECK_EXTENSION` on x86; a capability not named answers 0. */
  readonly capabilities: Readonly<Record<number, number>>;
  /** `KVM_IOEVENTFD`. */
  readonly ioeventfd: IoeventfdRules;
  /** I/O buses. */
  readonly bus: BusRules;
  /** eventfd(2). */
  readonly eventfd: EventfdRules;
  /** `KVM_IRQFD`. */
  readonly irqfd: IrqfdRules;
  /** Memory slots. */
  readonly memslots: MemslotRules;
  /** The VM descriptor. */
  readonly vm: VmRules;
  /** x86 exits. */
  readonly x86: X86Rules;
  /** Tracepoint text. */
  readonly trace: TraceRules;
}
