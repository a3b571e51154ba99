import type { OddDescriptor } from "./history.ts";

/** The numbers of descriptors that are never open. */
export const oddDescriptors: Readonly<Record<OddDescriptor, number>> = {
  minus1: -1,
  int_max: 0x7fff_ffff,
  int_min: -0x8000_0000,
};

/** A number that no process has open. */
export const NEVER_OPEN = 0x7fff_fff0;
