import {
  decodeCoalescedMmioZone,
  decodeIoeventfd,
  decodeIrqfd,
  decodeUserspaceMemoryRegion,
  hex,
  KVM_IOEVENTFD,
  KVM_IRQFD,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
} from "@ioeventfd/uapi";

/** A VM ioctl as the recording scripts spell it: name before the colon, text after it. */
export function showCall(
  vm: number,
  request: number,
  arg: Uint8Array | number,
  ret: number,
): { readonly name: string; readonly text: string } {
  const shown = typeof arg === "number" ? undefined : structFields(request, arg);
  if (shown !== undefined) return { name: shown[0], text: `vm ${vm} ${shown[1]} ret ${ret}` };
  const value = typeof arg === "number" ? arg : 0;
  return { name: "ioctl", text: `fd ${vm} cmd ${hex(request)} arg ${hex(value)} ret ${ret}` };
}

function structFields(request: number, arg: Uint8Array): readonly [string, string] | undefined {
  switch (request) {
    case KVM_IOEVENTFD: {
      const { datamatch, addr, len, fd, flags } = decodeIoeventfd(arg);
      const where = `datamatch ${hex(datamatch)} addr ${hex(addr)} len ${len}`;
      return ["KVM_IOEVENTFD", `${where} fd ${fd} flags ${hex(flags)}`];
    }
    case KVM_IRQFD: {
      const { fd, gsi, flags, resamplefd } = decodeIrqfd(arg);
      return ["KVM_IRQFD", `fd ${fd} gsi ${gsi} flags ${hex(flags)} resamplefd ${resamplefd}`];
    }
    case KVM_SET_USER_MEMORY_REGION: {
      const { slot, flags, guestPhysAddr, memorySize } = decodeUserspaceMemoryRegion(arg);
      const where = `gpa ${hex(guestPhysAddr)} size ${hex(memorySize)}`;
      return ["KVM_SET_USER_MEMORY_REGION", `slot ${hex(slot)} flags ${hex(flags)} ${where}`];
    }
    case KVM_REGISTER_COALESCED_MMIO:
      return ["KVM_REGISTER_COALESCED_MMIO", zoneFields(arg)];
    case KVM_UNREGISTER_COALESCED_MMIO:
      return ["KVM_UNREGISTER_COALESCED_MMIO", zoneFields(arg)];
    default:
      return undefined;
  }
}

function zoneFields(arg: Uint8Array): string {
  const { addr, size, pio } = decodeCoalescedMmioZone(arg);
  return `addr ${hex(addr)} size ${size} pio ${pio}`;
}
