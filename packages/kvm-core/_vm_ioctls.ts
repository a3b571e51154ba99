import {
  decodeCoalescedMmioZone,
  decodeEnableCap,
  decodeIoeventfd,
  decodeIrqfd,
  decodeUserspaceMemoryRegion,
  type ErrnoName,
  hex,
  KVM_CAP_CHECK_EXTENSION_VM,
  KVM_CAP_IRQ_ROUTING,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT2,
  KVM_CREATE_VCPU,
  KVM_ENABLE_CAP,
  KVM_GET_DIRTY_LOG,
  KVM_IOEVENTFD,
  KVM_IRQ_LINE,
  KVM_IRQFD,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_PIT_SPEAKER_DUMMY,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_GSI_ROUTING,
  KVM_SET_IDENTITY_MAP_ADDR,
  KVM_SET_TSS_ADDR,
  KVM_SET_USER_MEMORY_REGION,
  KVM_SET_USER_MEMORY_REGION2,
  KVM_UNREGISTER_COALESCED_MMIO,
  KvmError,
  toMemoryRegion,
} from "@ioeventfd/uapi";
import { type Argument, copied, requestNumber, scalar, showRequest } from "./_ioctl_argument.ts";
import { highWord, lowWord } from "./_u64.ts";
import type { GuestMemfd } from "./memslots.ts";
import type { Vm } from "./vm.ts";

const ROUTE_BYTES = 48;

type Handler = (vm: Vm, arg: Argument) => number;

// KERNEL 6.19 virt/kvm/kvm_main.c kvm_vm_ioctl, arch/x86/kvm/x86.c kvm_arch_vm_ioctl
const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [KVM_IOEVENTFD, (vm, arg) => done(vm.ioeventfd(decodeIoeventfd(copied(arg, 64))))],
  [KVM_IRQFD, (vm, arg) => done(vm.irqfd(decodeIrqfd(copied(arg, 32))))],
  [KVM_SET_USER_MEMORY_REGION, (vm, arg) => setRegion(vm, copied(arg, 32))],
  [KVM_SET_USER_MEMORY_REGION2, (vm, arg) => {
    if (!vm.release.vm.memoryRegion2) refuse("ENOTTY", "ioctl", "This release has no such ioctl");
    return setRegion(vm, copied(arg, 160));
  }],
  [KVM_REGISTER_COALESCED_MMIO, (vm, arg) => coalesced(vm, arg, true)],
  [KVM_UNREGISTER_COALESCED_MMIO, (vm, arg) => coalesced(vm, arg, false)],
  [KVM_CREATE_IRQCHIP, (vm) => done(vm.createIrqchip())],
  [KVM_CREATE_PIT2, (vm, arg) => {
    const flags = word(copied(arg, 64), 0);
    return done(vm.createPit2((flags & KVM_PIT_SPEAKER_DUMMY) !== 0));
  }],
  [KVM_CREATE_VCPU, (vm, arg) => vm.openVcpu(scalar(arg)).fd],
  [KVM_CHECK_EXTENSION, (vm, arg) => {
    const { capabilities } = vm.release;
    if (capabilities[KVM_CAP_CHECK_EXTENSION_VM] === undefined) {
      refuse("ENOTTY", "ioctl", "This release answers KVM_CHECK_EXTENSION on /dev/kvm alone");
    }
    return capabilities[scalar(arg)] ?? 0;
  }],
  [KVM_ENABLE_CAP, enableCap],
  [KVM_IRQ_LINE, (vm, arg) => {
    const bytes = copied(arg, 8);
    if (vm.irqchipMode === "none") refuse("ENXIO", "irqchip", "There is no irqchip");
    vm.irqchip?.setIrq(word(bytes, 0), word(bytes, 4) !== 0);
    return 0;
  }],
  [KVM_SET_GSI_ROUTING, setGsiRouting],
  [KVM_GET_DIRTY_LOG, getDirtyLog],
  [KVM_SET_TSS_ADDR, (_vm, arg) => {
    const addr = scalar(arg);
    if (addr < 0 || addr > 0xffff_d000) refuse("EINVAL", "tss", `TSS at ${hex(addr)} is too high`);
    return 0;
  }],
  [KVM_SET_IDENTITY_MAP_ADDR, (vm, arg) => {
    if (vm.hasVcpus) refuse("EINVAL", "vcpus", "There are vCPUs already");
    copied(arg, 8);
    return 0;
  }],
]);

/** Any ioctl of a VM descriptor, after the checks of its entry. */
export function vmIoctl(vm: Vm, request: number, arg: Argument): number {
  const handler = handlers.get(requestNumber(request));
  if (handler !== undefined) return handler(vm, arg);
  refuse("ENOTTY", "ioctl", `ioctl ${showRequest(request)} is not one of a VM descriptor`);
}

function setRegion(vm: Vm, bytes: Uint8Array): number {
  const region = toMemoryRegion(decodeUserspaceMemoryRegion(bytes));
  const isPrivate = bytes.length === 160 && (region.flags! & KVM_MEM_GUEST_MEMFD) !== 0;
  if (isPrivate) return done(vm.slots.set(region, guestMemfd(vm, bytes)));
  return done(vm.setMemoryRegion(region));
}

// KERNEL 6.19 virt/kvm/guest_memfd.c kvm_gmem_bind; include/uapi/linux/kvm.h struct kvm_userspace_memory_region2
/** The private memory that the longer struct names: no descriptor here is any. */
function guestMemfd(vm: Vm, bytes: Uint8Array): GuestMemfd {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    offset: view.getBigUint64(32, true),
    bind: () => {
      const fd = view.getInt32(40, true);
      vm.kvm.files.lookupEventfd(fd);
      refuse("EINVAL", "memfd", `Descriptor ${fd} is no guest_memfd`);
    },
  };
}

function coalesced(vm: Vm, arg: Argument, register: boolean): number {
  const { addr, size, pio } = decodeCoalescedMmioZone(copied(arg, 16));
  return done(vm.callCoalesced({ lo: lowWord(addr), hi: highWord(), size, pio }, register));
}

// KERNEL 4.4, 6.19 arch/x86/kvm/x86.c kvm_vm_ioctl_enable_cap
function enableCap(vm: Vm, arg: Argument): number {
  if (vm.release.capabilities[KVM_CAP_SPLIT_IRQCHIP] === undefined) {
    refuse("ENOTTY", "ioctl", "This release enables no capability of a VM");
  }
  const { cap, flags, args } = decodeEnableCap(copied(arg, 104));
  if (flags !== 0) refuse("EINVAL", "flags", "Flags are not 0x0");
  if (cap !== KVM_CAP_SPLIT_IRQCHIP) {
    refuse("EINVAL", "capability", `Capability ${hex(cap)} cannot be enabled here`);
  }
  const most = vm.release.capabilities[KVM_CAP_IRQ_ROUTING] ?? 0;
  if (args[0]! > BigInt(most)) {
    refuse("EINVAL", "routes", `More than ${hex(most)} routes are reserved`);
  }
  return done(vm.enableSplitIrqchip());
}

// KERNEL 4.4, 6.19 virt/kvm/kvm_main.c kvm_vm_ioctl: the routes themselves are not kept
function setGsiRouting(vm: Vm, arg: Argument): number {
  const bytes = copied(arg, 8);
  const { routingNeedsIrqchip } = vm.release.vm;
  if (routingNeedsIrqchip && vm.irqchipMode === "none") {
    refuse("EINVAL", "irqchip", "There is no irqchip");
  }
  const routes = word(bytes, 0);
  const most = vm.release.capabilities[KVM_CAP_IRQ_ROUTING] ?? 0;
  if (routes > (routingNeedsIrqchip ? most : most - 1)) {
    refuse("EINVAL", "routes", `There are ${hex(routes)} routes, which is too many`);
  }
  if (word(bytes, 4) !== 0) refuse("EINVAL", "flags", "Flags are not 0x0");
  if (routes === 0 && !routingNeedsIrqchip) {
    refuse("ENOMEM", "allocation", "No memory for no routes");
  }
  copied(arg, 8 + routes * ROUTE_BYTES);
  return 0;
}

// KERNEL 6.19 virt/kvm/kvm_main.c kvm_get_dirty_log_protect: the bitmap's address leads nowhere here
function getDirtyLog(vm: Vm, arg: Argument): number {
  const slot = word(copied(arg, 16), 0);
  const { userSlots, addressSpaces } = vm.release.memslots;
  if ((slot & 0xffff) >= userSlots || slot >>> 16 >= addressSpaces) {
    refuse("EINVAL", "slot-id", `There can be no slot ${hex(slot)}`);
  }
  const found = vm.slots.slot(slot);
  if (found === null || (found.flags & KVM_MEM_LOG_DIRTY_PAGES) === 0) {
    refuse("ENOENT", "missing", `Slot ${hex(slot)} keeps no dirty log`);
  }
  refuse("EFAULT", "copy", "The bitmap's address is not in the caller's memory");
}

function word(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function done(_: void): 0 {
  return 0;
}

function refuse(code: ErrnoName, check: string, detail: string): never {
  throw new KvmError(code, { check, detail });
}
