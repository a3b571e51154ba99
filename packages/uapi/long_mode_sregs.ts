/**
 * The special registers that most 64-bit guests have.
 *
 * @module
 */
import type { Sregs } from "./backend.ts";
import { flatSegment } from "./flat_segment.ts";

/**
 * Special registers of a guest in 64-bit mode at CPL 0, paging on: code is selector 8, everything else 0x10. Its memory
 * holds the page tables; what an exception needs is the caller's.
 *
 * @param sregs Those of a new vCPU; TR, LDT, descriptor tables and what no mode touches stay
 * @param cr3 Guest physical address of the top page table, 4 levels
 * @returns What to set
 *
 * @example The page tables are at 128 KiB
 * ```ts
 * import { decodeSregs, longModeSregs } from "@ioeventfd/uapi";
 *
 * const sregs = longModeSregs(decodeSregs(new Uint8Array(312)), 0x2_0000n);
 * if (sregs.cs.l !== 1 || sregs.cr3 !== 0x2_0000n) throw new Error("not 64-bit");
 * ```
 */
export function longModeSregs(sregs: Sregs, cr3: bigint): Sregs {
  const data = flatSegment();
  return {
    ...sregs,
    cs: flatSegment({ selector: 8, type: 11, db: 0, l: 1 }),
    ds: data,
    es: data,
    fs: data,
    gs: data,
    ss: data,
    cr0: 0x8005_0033n, // PE, MP, ET, NE, WP, AM, PG
    cr3,
    cr4: 0x620n, // PAE, OSFXSR, OSXMMEXCPT
    efer: 0x500n, // LME, LMA
  };
}
