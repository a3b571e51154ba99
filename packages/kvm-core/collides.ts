/**
 * Which registrations exclude each other.
 *
 * @module
 */
import type { IoeventfdRules, KvmErrorReason } from "@ioeventfd/uapi";

/** What the collision rule looks at. */
export interface CollisionShape {
  /** Bus, by any name: buses never collide with each other. */
  readonly bus: string | number;
  /** Guest physical address, port or subchannel id (u64). */
  readonly addr: bigint;
  /** Bytes: 0 (any), 1, 2, 4 or 8. */
  readonly len: number;
  /** Value compared, or null for a wildcard. */
  readonly datamatch: bigint | null;
}

/** The part of the collision rule that applied. */
export type CollisionClause = NonNullable<KvmErrorReason["clause"]>;

// KERNEL 3.14, f848a5a8dcb6, 6.19 virt/kvm/eventfd.c ioeventfd_check_collision
/**
 * Whether a new registration collides with an existing one: same bus, same address, and either of them of zero length,
 * or equal lengths of which one is a wildcard or both compare the same value. The eventfd does not count.
 *
 * @param rules The rules of a kernel release
 * @param existing The registration that is there
 * @param added The one to be made
 * @returns The clause that applies, or null when both may be
 *
 * @example
 * ```ts
 * import { collides } from "@ioeventfd/kvm-core";
 * import { release } from "@ioeventfd/uapi";
 *
 * const rules = release("seed").ioeventfd;
 * const any = { bus: "mmio", addr: 0x1000n, len: 0, datamatch: null };
 * const four = { bus: "mmio", addr: 0x1000n, len: 4, datamatch: 7n };
 * if (collides(rules, any, four) !== "existing-zero-length") throw new Error("EEXIST");
 * ```
 */
export function collides(
  rules: IoeventfdRules,
  existing: CollisionShape,
  added: CollisionShape,
): CollisionClause | null {
  if (existing.bus !== added.bus || existing.addr !== added.addr) return null;
  if (rules.zeroLengthMmio || rules.zeroLengthPio) {
    if (existing.len === 0) return "existing-zero-length";
    if (added.len === 0) return "new-zero-length";
  }
  if (existing.len !== added.len) return null;
  if (existing.datamatch === null || added.datamatch === null) return "wildcard";
  return existing.datamatch === added.datamatch ? "datamatch" : null;
}
