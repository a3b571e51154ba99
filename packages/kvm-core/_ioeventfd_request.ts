import { KVM_IOEVENTFD_FLAG_DATAMATCH } from "@ioeventfd/uapi";
import { highWord, lowWord } from "./_u64.ts";
import type { ExactKey } from "./exact_key.ts";

/** `struct kvm_ioeventfd`, its u64s as words. A VM fills the same one for each call. */
export class IoeventfdRequest implements ExactKey {
  lo = 0;
  hi = 0;
  len = 0;
  flags = 0;
  fd = 0;
  wildcard = true;
  datamatchLo = 0;
  datamatchHi = 0;

  /**
   * Fills it.
   *
   * @param addr Address (u64)
   * @param len Bytes (u32)
   * @param flags `KVM_IOEVENTFD_FLAG_*` (u32)
   * @param fd Descriptor (s32)
   * @param datamatch Value (u64), ignored without DATAMATCH
   */
  set(addr: bigint, len: number, flags: number, fd: number, datamatch: bigint): this {
    this.lo = lowWord(addr);
    this.hi = highWord();
    this.len = len;
    this.flags = flags;
    this.fd = fd;
    this.wildcard = (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) === 0;
    this.datamatchLo = this.wildcard ? 0 : lowWord(datamatch);
    this.datamatchHi = this.wildcard ? 0 : highWord();
    return this;
  }
}
