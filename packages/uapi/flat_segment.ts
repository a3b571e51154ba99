/**
 * The segment that most guests have: all 4 GiB.
 *
 * @module
 */
import type { Segment } from "./backend.ts";

/**
 * A segment of 4 GiB from 0 on: data, writable, 32 bits, ring 0, selector 0x10.
 *
 * @param fields What differs
 * @returns The segment
 *
 * @example 64-bit code
 * ```ts
 * import { flatSegment } from "@ioeventfd/uapi";
 *
 * const code = flatSegment({ selector: 8, type: 11, db: 0, l: 1 });
 * if (code.base !== 0n || code.limit !== 0xffff_ffff || code.g !== 1) throw new Error("not flat");
 * ```
 */
export function flatSegment(fields: Partial<Segment> = {}): Segment {
  return {
    base: 0n,
    limit: 0xffff_ffff,
    selector: 0x10,
    type: 3,
    present: 1,
    dpl: 0,
    db: 1,
    s: 1,
    l: 0,
    g: 1,
    avl: 0,
    unusable: 0,
    ...fields,
  };
}
