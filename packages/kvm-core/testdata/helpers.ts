// What the tests of this package share.
import {
  encodeCoalescedMmioZone,
  encodeIoeventfd,
  encodeIrqfd,
  type Ioeventfd,
  type IoeventfdSpec,
  type Irqfd,
  type KernelRelease,
  KVM_IOEVENTFD,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
  KVM_IRQFD,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_UNREGISTER_COALESCED_MMIO,
  type KvmError,
  refusalOf,
  release,
} from "@ioeventfd/uapi";
import { CoreBackend, type Kvm, type Vm } from "../mod.ts";

export const DM = KVM_IOEVENTFD_FLAG_DATAMATCH;
export const PIO = KVM_IOEVENTFD_FLAG_PIO;
export const DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN;
export const CCW = KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;

/** 0, or the name of the errno it was refused with. */
export function errnoOf(call: () => unknown): string | 0 {
  return refusalOf(call)?.code ?? 0;
}

/** The error that a call was refused with. */
export function refusal(call: () => unknown): KvmError {
  const refused = refusalOf(call);
  if (refused === null) throw new Error("Not refused");
  return refused;
}

/** A VM with the calls that the cases make, all by the raw door. */
export class Rig {
  readonly kvm: Kvm;
  readonly vm: Vm;

  constructor(of: string | KernelRelease = "6.19", kvm?: Kvm) {
    const rules = typeof of === "string" ? release(of) : of;
    this.kvm = kvm ?? new CoreBackend({ release: rules }).open();
    this.vm = this.kvm.createVm();
  }

  /** Another VM of the same process. */
  another(): Rig {
    return new Rig(this.vm.release, this.kvm);
  }

  efd(init = 0, flags = 0): number {
    return this.kvm.eventfd(init, flags);
  }

  count(fd: number): bigint {
    return this.kvm.eventfdCount(fd);
  }

  /** `KVM_IOEVENTFD`: address, length, flags, datamatch, eventfd. */
  io(addr: number | bigint, len: number, flags: number, datamatch: number | bigint, fd: number) {
    const argument: Ioeventfd = {
      addr: BigInt(addr),
      len,
      flags: flags >>> 0,
      datamatch: BigInt(datamatch),
      fd,
    };
    return errnoOf(() => this.vm.ioctl(KVM_IOEVENTFD, encodeIoeventfd(argument)));
  }

  irqfd(fd: number, gsi: number, flags = 0, resamplefd = -1): string | 0 {
    const argument: Irqfd = { fd: fd >>> 0, gsi, flags: flags >>> 0, resamplefd: resamplefd >>> 0 };
    return errnoOf(() => this.vm.ioctl(KVM_IRQFD, encodeIrqfd(argument)));
  }

  zone(addr: number | bigint, size: number, pio = 0, register = true): string | 0 {
    const request = register ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO;
    const bytes = encodeCoalescedMmioZone({ addr: BigInt(addr), size, pio });
    return errnoOf(() => this.vm.ioctl(request, bytes));
  }

  /** An OUT: true when it exits to userspace. */
  out(port: number, len: number, value = 0): boolean {
    return this.vm.guestWrite("pio", BigInt(port), len, BigInt(value)) === "userspace";
  }

  /** A store: true when it exits to userspace. */
  store(gpa: number | bigint, len: number, value: number | bigint = 0): boolean {
    return this.vm.guestWrite("mmio", BigInt(gpa), len, BigInt(value)) === "userspace";
  }

  spec(bus: IoeventfdSpec["bus"], addr: bigint, match: IoeventfdSpec["match"], fd: number) {
    return { bus, addr, match, fd };
  }
}
