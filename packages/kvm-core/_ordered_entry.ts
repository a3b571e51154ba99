import type { BusEntry } from "./io_device.ts";

/** An entry with its position among the registrations on its bus. */
export interface OrderedEntry extends BusEntry {
  readonly order: number;
}
