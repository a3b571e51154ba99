import type { IoRange } from "@ioeventfd/kvm-core";
import { splitWords } from "@ioeventfd/uapi";

/** A registration, or a write, as a range of its bus. */
export function rangeOf({ addr, len }: { readonly addr: bigint; readonly len: number }): IoRange {
  return { ...splitWords(addr), len };
}
