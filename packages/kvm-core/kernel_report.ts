/**
 * What a real kernel would pay for with memory corruption, told instead.
 *
 * @module
 */

/** One thing gone wrong inside the modelled kernel. */
export interface KernelReport {
  /**
   * `double-free` and `use-after-free` of an ioeventfd; `bus-dropped` with everything on it; `out-of-bounds` write by way
   * of the coalesced ring.
   */
  readonly kind: "double-free" | "use-after-free" | "bus-dropped" | "out-of-bounds";
  /** Name of the quirk behind it, as the list of historic bugs has it. */
  readonly quirk: "fast-double-free" | "deassign-uaf-oom" | "bus-null-deref" | "coalesced-oob";
  /** One sentence, numbers in hex. */
  readonly detail: string;
}

/**
 * The kernel's log line for a bus that is gone.
 *
 * @param bus Its name
 * @returns The report
 */
export function droppedReport(bus: string): KernelReport {
  return {
    kind: "bus-dropped",
    quirk: "bus-null-deref",
    detail: `kvm: failed to shrink bus, removing it completely (${bus})`,
  };
}
