/**
 * Ways of a write, in words and colours.
 *
 * @module
 */
import type { WritePath } from "../path_costs.ts";

/** What people call them. */
export const pathNames: Readonly<Record<WritePath, string>> = {
  "fast-mmio": "MMIO, fast",
  "mmio-kernel": "MMIO, decoded, in kernel",
  "mmio-userspace": "MMIO to userspace",
  "pio-kernel": "port, in kernel",
  "pio-userspace": "port to userspace",
};

/** The same in few letters, for charts. */
export const pathLabels: Readonly<Record<WritePath, string>> = {
  "fast-mmio": "MMIO fast",
  "mmio-kernel": "MMIO in kernel",
  "mmio-userspace": "MMIO userspace",
  "pio-kernel": "port in kernel",
  "pio-userspace": "port userspace",
};

/** Places in the palette. */
export const pathColours: Readonly<Record<WritePath, number>> = {
  "fast-mmio": 3,
  "mmio-kernel": 1,
  "mmio-userspace": 4,
  "pio-kernel": 6,
  "pio-userspace": 5,
};
