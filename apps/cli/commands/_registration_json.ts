import { busFromFlags, hex, KVM_IOEVENTFD_FLAG_DATAMATCH } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";

/** A registration of a set as JSON: u64s as hex strings, null for what it has not. */
export function registrationJson({ addr, len, flags, datamatch, name }: Registration) {
  return {
    name: name ?? null,
    bus: busFromFlags(flags),
    addr: hex(addr),
    len,
    datamatch: flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? hex(datamatch) : null,
  };
}
