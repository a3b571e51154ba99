import { encodeIoeventfd, KVM_IOEVENTFD, refusalOf, withoutTraces } from "@ioeventfd/uapi";
import type { KvmVm, Registration } from "@ioeventfd/uapi";
import type { Outcome } from "./outcome.ts";

/** `KVM_IOEVENTFD` through the raw door, absurd values and all. */
export function ioeventfdCall(
  vm: KvmVm,
  { addr, len, flags, datamatch }: Registration,
  fd: number,
): Outcome {
  return outcomeOf(() =>
    vm.ioctl(KVM_IOEVENTFD, encodeIoeventfd({ addr, len, flags, datamatch, fd }))
  );
}

/** The errno a call ends with, or null; any error but the kernel's goes on. */
export function outcomeOf(call: () => unknown): Outcome {
  return withoutTraces(() => refusalOf(call))?.code ?? null;
}
