import {
  type CoalescedZone,
  type CountedWork,
  encodeCoalescedMmioZone,
  encodeIoeventfd,
  encodeUserspaceMemoryRegion,
  errnoNumber,
  hex,
  type HostMemory,
  type IoeventfdSpec,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_VCPU,
  KVM_CREATE_VM,
  KVM_IOEVENTFD,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
  KvmError,
  type KvmSystem,
  type KvmVcpu,
  type KvmVm,
  type MemoryRegion,
  type OtherFile,
  type Regs,
  type RunOptions,
  specToIoeventfd,
  type Sregs,
  toCoalescedMmioZone,
  toUserspaceMemoryRegion,
  type VcpuExit,
} from "@ioeventfd/uapi";
import type { KernelTrace } from "./kernel_trace.ts";
import { showCall } from "./_show_call.ts";

/** Descriptors that a backend does not tell. */
const unknownFd = 3;

function fdOf(file: object, otherwise: number): number {
  return "fd" in file && typeof file.fd === "number" ? file.fd : otherwise;
}

/** A system whose calls are traced. */
export class TracedSystem implements KvmSystem {
  /** The system itself. */
  readonly inner: KvmSystem;
  readonly #trace: KernelTrace;
  readonly #process: number;

  constructor(inner: KvmSystem, trace: KernelTrace, process: number) {
    this.inner = inner;
    this.#trace = trace;
    this.#process = process;
  }

  createVm(): KvmVm {
    const vm = this.inner.createVm();
    const fd = fdOf(vm, unknownFd + 1);
    const line = `fd ${fdOf(this.inner, unknownFd)} cmd ${hex(KVM_CREATE_VM)} arg 0x0`;
    this.#trace.call("ioctl", `${line} ret ${fd}`, this.#process, this.#process);
    return new TracedVm(vm, fd, this.#trace, this.#process);
  }

  checkExtension(capability: number): number {
    return this.inner.checkExtension(capability);
  }

  eventfd(initialValue: number, flags: number): number {
    return this.inner.eventfd(initialValue, flags);
  }

  openOther(kind: OtherFile): number {
    return this.inner.openOther(kind);
  }

  dup(fd: number): number {
    return this.inner.dup(fd);
  }

  close(fd: number): void {
    this.inner.close(fd);
  }

  eventfdRead(fd: number): bigint {
    return this.inner.eventfdRead(fd);
  }

  eventfdWrite(fd: number, value: bigint): void {
    this.inner.eventfdWrite(fd, value);
  }

  eventfdCount(fd: number): bigint {
    return this.inner.eventfdCount(fd);
  }

  poll(fd: number): number {
    return this.inner.poll(fd);
  }

  allocateMemory(size: number): HostMemory {
    return this.inner.allocateMemory(size);
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }
}

/** A VM whose calls are traced. */
export class TracedVm implements KvmVm {
  /** The VM itself. */
  readonly inner: KvmVm;
  readonly #fd: number;
  readonly #trace: KernelTrace;
  readonly #process: number;

  constructor(inner: KvmVm, fd: number, trace: KernelTrace, process: number) {
    this.inner = inner;
    this.#fd = fd;
    this.#trace = trace;
    this.#process = process;
  }

  ioctl(request: number, arg?: Uint8Array | number): number {
    return this.#traced(request, arg, () => this.inner.ioctl(request, arg));
  }

  assignIoeventfd(spec: IoeventfdSpec): void {
    const bytes = encodeIoeventfd(specToIoeventfd(spec));
    this.#traced(KVM_IOEVENTFD, bytes, () => this.inner.assignIoeventfd(spec));
  }

  deassignIoeventfd(spec: IoeventfdSpec): void {
    const bytes = encodeIoeventfd(specToIoeventfd(spec, { deassign: true }));
    this.#traced(KVM_IOEVENTFD, bytes, () => this.inner.deassignIoeventfd(spec));
  }

  setMemoryRegion(region: MemoryRegion): void {
    const bytes = encodeUserspaceMemoryRegion(toUserspaceMemoryRegion(region));
    this.#traced(KVM_SET_USER_MEMORY_REGION, bytes, () => this.inner.setMemoryRegion(region));
  }

  registerCoalesced(zone: CoalescedZone): void {
    const bytes = zoneBytes(zone);
    this.#traced(KVM_REGISTER_COALESCED_MMIO, bytes, () => this.inner.registerCoalesced(zone));
  }

  unregisterCoalesced(zone: CoalescedZone): void {
    const bytes = zoneBytes(zone);
    this.#traced(KVM_UNREGISTER_COALESCED_MMIO, bytes, () => this.inner.unregisterCoalesced(zone));
  }

  createIrqchip(): void {
    this.#traced(KVM_CREATE_IRQCHIP, 0, () => this.inner.createIrqchip());
  }

  createVcpu(id: number): KvmVcpu {
    const vcpu = this.inner.createVcpu(id);
    const thread = this.#trace.newThread();
    const line = showCall(this.#fd, KVM_CREATE_VCPU, id, fdOf(vcpu, this.#fd + 1));
    this.#trace.call(line.name, line.text, this.#process, thread);
    return new TracedVcpu(vcpu, this.#trace, this.#process, thread);
  }

  guestWrite(
    bus: "mmio" | "pio",
    addr: bigint,
    len: number,
    value: bigint,
  ): "kernel" | "userspace" {
    return this.inner.guestWrite(bus, addr, len, value);
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }

  #traced(request: number, arg: Uint8Array | number | undefined, call: () => unknown): number {
    let answer = 0;
    try {
      answer = Number(call() ?? 0);
      return answer;
    } catch (error) {
      if (error instanceof KvmError) answer = -errnoNumber(error.code);
      throw error;
    } finally {
      const { name, text } = showCall(this.#fd, request, arg ?? 0, answer);
      this.#trace.call(name, text, this.#process, this.#process);
    }
  }
}

/** A vCPU whose runs are traced. */
export class TracedVcpu implements KvmVcpu {
  /** The vCPU itself. */
  readonly inner: KvmVcpu;
  readonly #trace: KernelTrace;
  readonly #process: number;
  readonly #thread: number;

  constructor(inner: KvmVcpu, trace: KernelTrace, process: number, thread: number) {
    this.inner = inner;
    this.#trace = trace;
    this.#process = process;
    this.#thread = thread;
  }

  getRegs(): Regs {
    return this.inner.getRegs();
  }

  setRegs(regs: Regs): void {
    this.inner.setRegs(regs);
  }

  getSregs(): Sregs {
    return this.inner.getSregs();
  }

  setSregs(sregs: Sregs): void {
    this.inner.setSregs(sregs);
  }

  run(options?: RunOptions): VcpuExit {
    this.#trace.runs(this.#process, this.#thread);
    return this.inner.run(options);
  }

  countedWork(): CountedWork | null {
    return this.inner.countedWork?.() ?? null;
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]();
  }
}

function zoneBytes(zone: CoalescedZone): Uint8Array {
  return encodeCoalescedMmioZone(toCoalescedMmioZone(zone));
}
