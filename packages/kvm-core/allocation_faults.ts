/**
 * Allocations that fail when told to, to show what the kernel does then.
 *
 * @module
 */

/** Where the kernel allocates: the ioeventfd itself, the larger or the smaller bus array, a zone, an irqfd, a slot. */
export type AllocationSite =
  | "ioeventfd"
  | "bus-grow"
  | "bus-shrink"
  | "coalesced-zone"
  | "irqfd"
  | "memslot";

/**
 * A list of allocations that are to fail. Without one armed nothing ever fails.
 *
 * @example The second array from now cannot be made smaller
 * ```ts
 * import { AllocationFaults } from "@ioeventfd/kvm-core";
 *
 * const faults = new AllocationFaults();
 * faults.fail("bus-shrink", { after: 1 });
 * if (faults.take("bus-shrink")) throw new Error("the first succeeds");
 * if (!faults.take("bus-shrink")) throw new Error("the second fails");
 * ```
 */
export class AllocationFaults {
  readonly #armed: { readonly site: AllocationSite; left: number }[] = [];

  /**
   * Lets one allocation fail.
   *
   * @param site Where
   * @param options `after`: how many succeed first, 0 unless told otherwise
   */
  fail(site: AllocationSite, options: { readonly after?: number } = {}): void {
    this.#armed.push({ site, left: options.after ?? 0 });
  }

  /**
   * Asked at each allocation.
   *
   * @param site Where
   * @returns Whether it fails
   */
  take(site: AllocationSite): boolean {
    if (this.#armed.length === 0) return false;
    let fails = false;
    for (const fault of this.#armed) {
      if (fault.site !== site) continue;
      if (fault.left === 0) fails = true;
      fault.left--;
    }
    for (let at = this.#armed.length - 1; at >= 0; at--) {
      if (this.#armed[at]!.left < 0) this.#armed.splice(at, 1);
    }
    return fails;
  }
}
