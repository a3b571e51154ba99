/**
 * Which writes signal.
 *
 * @module
 */

/** What a registration looks at in a write to its address. */
export interface MatchRule {
  /** Bytes: 0 (any), 1, 2, 4 or 8. */
  readonly len: number;
  /** No DATAMATCH: any value. */
  readonly wildcard: boolean;
  /** Value compared, low word. */
  readonly datamatchLo: number;
  /** Value compared, high word. */
  readonly datamatchHi: number;
}

// KERNEL 6.19 virt/kvm/eventfd.c ioeventfd_in_range
/**
 * Whether a write to a registration's own address signals it: zero length takes any; else the length must be equal, and
 * with DATAMATCH the value, zero-extended from `len` bytes to 64 bits.
 *
 * @param rule The registration
 * @param len Bytes written
 * @param vlo Value, low word
 * @param vhi Value, high word
 * @returns Whether it signals
 *
 * @example A value wider than the length never matches
 * ```ts
 * import { matches } from "@ioeventfd/kvm-core";
 *
 * const rule = { len: 1, wildcard: false, datamatchLo: 0x1ff, datamatchHi: 0 };
 * if (matches(rule, 1, 0xff, 0)) throw new Error("0x1ff is not one byte");
 * ```
 */
export function matches(rule: MatchRule, len: number, vlo: number, vhi: number): boolean {
  if (rule.len === 0) return true;
  if (rule.len !== len) return false;
  if (rule.wildcard) return true;
  const lo = rule.datamatchLo | 0, hi = rule.datamatchHi | 0;
  switch (len) {
    case 1:
      return hi === 0 && lo === (vlo & 0xff);
    case 2:
      return hi === 0 && lo === (vlo & 0xffff);
    case 4:
      return hi === 0 && lo === (vlo | 0);
    case 8:
      return hi === (vhi | 0) && lo === (vlo | 0);
    default:
      return false;
  }
}
