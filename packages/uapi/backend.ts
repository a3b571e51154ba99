/**
 * The contract of a KVM: a model and the host's `/dev/kvm` both fulfil it, so a scenario, a vector or a property test
 * takes the backend as an argument.
 *
 * A worked example, the zero-length doorbell on any backend:
 *
 * ```ts ignore
 * using kvm = backend.open();
 * using vm = kvm.createVm();
 * const fd = kvm.eventfd(0, 0);
 * vm.assignIoeventfd({ bus: "mmio", addr: 0xfebfb000n, match: { len: 0 }, fd });
 * // … a guest stores to 0xfebfb000 …
 * kvm.eventfdCount(fd); // 1n
 * ```
 *
 * @module
 */
import type { CoalescedMmio } from "./coalesced_mmio.ts";

/** Bus of an ioeventfd: `ccw` is accepted on x86 and never fires there. */
export type IoeventfdBus = "mmio" | "pio" | "ccw";

/**
 * What a write must look like: any length; or 1, 2, 4 or 8 bytes, of any value or of one. A value with bits above the
 * length is accepted, as the kernel accepts it, and never matches.
 */
export type IoeventfdMatch =
  | { readonly len: 0 }
  | { readonly len: 1 | 2 | 4 | 8; readonly datamatch?: bigint };

/** One registration, in the typed spelling. */
export interface IoeventfdSpec {
  /** Bus it is on. */
  readonly bus: IoeventfdBus;
  /** Guest physical address, port or subchannel id (u64). */
  readonly addr: bigint;
  /** Which writes signal. */
  readonly match: IoeventfdMatch;
  /** Descriptor of an eventfd. */
  readonly fd: number;
}

/** Memory of the process that owns the VM, for use under a memory slot. */
export interface HostMemory {
  /** Address in the owning process; page aligned. */
  readonly hva: bigint;
  /** The bytes themselves, shared with the guest. */
  readonly bytes: Uint8Array;
}

/** `struct kvm_userspace_memory_region`. */
export interface MemoryRegion {
  /** Slot id in bits 15:0, address space in bits 31:16. */
  readonly slot: number;
  /** `KVM_MEM_LOG_DIRTY_PAGES` 1, `KVM_MEM_READONLY` 2. */
  readonly flags?: number;
  /** First guest physical address; page aligned. */
  readonly gpa: bigint;
  /** Size in bytes, 0 deletes. */
  readonly size: bigint;
  /** Address of the backing memory in the owning process. */
  readonly hva: bigint;
}

/** `struct kvm_coalesced_mmio_zone`. */
export interface CoalescedZone {
  /** First address or port. */
  readonly addr: bigint;
  /** Size in bytes. */
  readonly size: number;
  /** On the PIO bus. */
  readonly pio?: boolean;
}

/** General registers, RIP and RFLAGS: `struct kvm_regs`. */
export interface Regs {
  /** RAX (u64). */
  rax: bigint;
  /** RBX (u64). */
  rbx: bigint;
  /** RCX (u64). */
  rcx: bigint;
  /** RDX (u64). */
  rdx: bigint;
  /** RSI (u64). */
  rsi: bigint;
  /** RDI (u64). */
  rdi: bigint;
  /** RSP (u64). */
  rsp: bigint;
  /** RBP (u64). */
  rbp: bigint;
  /** R8 (u64). */
  r8: bigint;
  /** R9 (u64). */
  r9: bigint;
  /** R10 (u64). */
  r10: bigint;
  /** R11 (u64). */
  r11: bigint;
  /** R12 (u64). */
  r12: bigint;
  /** R13 (u64). */
  r13: bigint;
  /** R14 (u64). */
  r14: bigint;
  /** R15 (u64). */
  r15: bigint;
  /** RIP (u64). */
  rip: bigint;
  /** RFLAGS (u64). */
  rflags: bigint;
}

/** A segment register with its hidden part: `struct kvm_segment`. */
export interface Segment {
  /** Linear address of its first byte (u64). */
  base: bigint;
  /** Last offset in bytes, granularity applied (u32). */
  limit: number;
  /** Visible selector (u16). */
  selector: number;
  /** Descriptor type (4 bits). */
  type: number;
  /** Present (1 bit). */
  present: number;
  /** Descriptor privilege level (2 bits). */
  dpl: number;
  /** Default operation size (1 bit). */
  db: number;
  /** Code or data rather than system (1 bit). */
  s: number;
  /** 64-bit code (1 bit). */
  l: number;
  /** Granularity of 4096 bytes (1 bit). */
  g: number;
  /** Available to software (1 bit). */
  avl: number;
  /** Loaded with a null selector (1 bit). */
  unusable: number;
}

/** A descriptor table register: `struct kvm_dtable`. */
export interface DescriptorTable {
  /** Linear address (u64). */
  base: bigint;
  /** Last offset in bytes (u16). */
  limit: number;
}

/** Special registers: `struct kvm_sregs` without the interrupt bitmap. */
export interface Sregs {
  /** Code. */
  cs: Segment;
  /** Data. */
  ds: Segment;
  /** Extra data. */
  es: Segment;
  /** Extra data. */
  fs: Segment;
  /** Extra data. */
  gs: Segment;
  /** Stack. */
  ss: Segment;
  /** Task register. */
  tr: Segment;
  /** Local descriptor table register. */
  ldt: Segment;
  /** Global descriptor table. */
  gdt: DescriptorTable;
  /** Interrupt descriptor table. */
  idt: DescriptorTable;
  /** CR0 (u64). */
  cr0: bigint;
  /** CR2, the linear address of the last page fault (u64). */
  cr2: bigint;
  /** CR3, the root of the page tables (u64). */
  cr3: bigint;
  /** CR4 (u64). */
  cr4: bigint;
  /** CR8, the task priority (u64). */
  cr8: bigint;
  /** EFER (u64). */
  efer: bigint;
  /** IA32_APIC_BASE (u64). */
  apicBase: bigint;
}

/** Why `KVM_RUN` came back. For reads, the caller fills `data` before it runs the vCPU again. */
export type VcpuExit =
  | {
    readonly reason: "io";
    readonly port: number;
    readonly size: 1 | 2 | 4;
    readonly count: number;
    readonly write: boolean;
    /** size × count bytes: what the guest wrote, or where the answer goes. */
    readonly data: Uint8Array;
  }
  | {
    readonly reason: "mmio";
    readonly addr: bigint;
    readonly len: number;
    readonly write: boolean;
    /** len bytes: what the guest wrote, or where the answer goes. */
    readonly data: Uint8Array;
  }
  | { readonly reason: "hlt" }
  | { readonly reason: "shutdown" }
  | {
    readonly reason: "internal_error";
    readonly suberror: number;
    readonly data: readonly bigint[];
  }
  | { readonly reason: "fail_entry"; readonly hardwareEntryFailureReason: bigint }
  | { readonly reason: "debug" }
  | { readonly reason: "irq_window_open" }
  | { readonly reason: "unknown"; readonly hardwareExitReason: bigint }
  /** Interrupted: `immediate_exit`, a signal, or the time limit given to `run`. */
  | { readonly reason: "intr" }
  | { readonly reason: "other"; readonly exitReason: number };

/** Limits of one `run`. */
export interface RunOptions {
  /** Give up after so many guest instructions (model) with exit `intr`. */
  readonly maxInstructions?: number;
  /** Give up after so many milliseconds with exit `intr`. */
  readonly timeoutMs?: number;
}

/**
 * Work that KVM did for a vCPU: by the path its exits took (`fast-mmio`, `pio-kernel`, …), then by kind (`exits`,
 * `bytesFetched`, …).
 */
export type CountedWork = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A virtual CPU. */
export interface KvmVcpu extends Disposable {
  /** `KVM_GET_REGS`. */
  getRegs(): Regs;
  /** `KVM_SET_REGS`. */
  setRegs(regs: Regs): void;
  /** `KVM_GET_SREGS`. */
  getSregs(): Sregs;
  /** `KVM_SET_SREGS`. */
  setSregs(sregs: Sregs): void;
  /** `KVM_RUN`, up to the next exit to userspace. */
  run(options?: RunOptions): VcpuExit;
  /** Work since the vCPU was made, or null while it is not counted; a live kernel counts none. */
  countedWork?(): CountedWork | null;
}

/** A virtual machine. */
export interface KvmVm extends Disposable {
  /**
   * The raw door: any ioctl of a VM descriptor, with its argument as bytes or a number.
   *
   * @returns What the ioctl returns, 0 or more
   * @throws {KvmError} with the kernel's errno
   */
  ioctl(request: number, arg?: Uint8Array | number): number;
  /** `KVM_IOEVENTFD`. */
  assignIoeventfd(spec: IoeventfdSpec): void;
  /** `KVM_IOEVENTFD` with `DEASSIGN`. */
  deassignIoeventfd(spec: IoeventfdSpec): void;
  /** `KVM_SET_USER_MEMORY_REGION`. */
  setMemoryRegion(region: MemoryRegion): void;
  /** `KVM_REGISTER_COALESCED_MMIO`. */
  registerCoalesced(zone: CoalescedZone): void;
  /** `KVM_UNREGISTER_COALESCED_MMIO`. */
  unregisterCoalesced(zone: CoalescedZone): void;
  /** `KVM_CREATE_IRQCHIP`: PIC, IOAPIC and LAPIC in the kernel. */
  createIrqchip(): void;
  /** `KVM_CREATE_VCPU`. */
  createVcpu(id: number): KvmVcpu;
  /**
   * One store or OUT by the guest, from a vCPU kept for the purpose.
   *
   * @param bus Address space written to
   * @param addr Guest physical address, or port below 0x10000
   * @param len 1, 2, 4 or 8 bytes (PIO: 1, 2 or 4)
   * @param value Value written, its low `len` bytes
   * @returns `kernel` when KVM handled it, `userspace` when KVM_RUN came back with it
   */
  guestWrite(bus: "mmio" | "pio", addr: bigint, len: number, value: bigint): "kernel" | "userspace";
  /** Takes the writes that coalesced zones kept, oldest first, as userspace does after each exit. */
  takeCoalesced?(): readonly CoalescedMmio[];
}

/** Kinds of descriptor that are not eventfds, to be refused as the kernel refuses them. */
export type OtherFile =
  | "pipe"
  | "file"
  | "socket"
  | "timerfd"
  | "epoll"
  | "o_path"
  | "dev_kvm"
  | "vm_fd";

/** An open `/dev/kvm` with the descriptor table of its process. */
export interface KvmSystem extends Disposable {
  /** `KVM_CHECK_EXTENSION`. */
  checkExtension(capability: number): number;
  /** `KVM_CREATE_VM`. */
  createVm(): KvmVm;
  /** eventfd2(2): initial value (u32) and `EFD_*` flags; returns the lowest free descriptor. */
  eventfd(initialValue: number, flags: number): number;
  /** Opens a descriptor of another kind. */
  openOther(kind: OtherFile): number;
  /** dup(2). */
  dup(fd: number): number;
  /** close(2). */
  close(fd: number): void;
  /** read(2) of 8 bytes; throws EAGAIN where it would block. */
  eventfdRead(fd: number): bigint;
  /** write(2) of 8 bytes; throws EAGAIN where it would block. */
  eventfdWrite(fd: number, value: bigint): void;
  /** The counter, read without consuming it (fdinfo). */
  eventfdCount(fd: number): bigint;
  /** Poll mask of the descriptor: POLLIN 1, POLLOUT 4, POLLERR 8, POLLNVAL 32. */
  poll(fd: number): number;
  /** Page-aligned memory for slots. */
  allocateMemory(size: number): HostMemory;
}

/** A KVM to run things on. */
export interface KvmBackend {
  /** `sim` or `kvm`. */
  readonly name: "sim" | "kvm";
  /** A new `/dev/kvm` in a process of its own descriptor table (model), or the host's. */
  open(): KvmSystem;
}
