import { byHistories, type Mutant } from "./mutant.ts";

const index = "packages/kvm-core/_ioeventfd_index.ts";
const matches = "packages/kvm-core/matches.ts";
const bus = "packages/kvm-core/io_bus.ts";

/** Mistakes in what a guest's write meets: buses, matches, zones, slots. */
export const busMutants: readonly Mutant[] = [
  {
    name: "datamatch-low-byte",
    about: "Four bytes are compared by their lowest alone",
    edits: [{
      file: matches,
      find: "    case 4:\n      return hi === 0 && lo === (vlo | 0);",
      replace: "    case 4:\n      return hi === 0 && (lo & 0xff) === (vlo & 0xff);",
    }],
    conform: byHistories,
  },
  {
    name: "datamatch-ignores-high-word",
    about: "A value wider than the length matches all the same",
    edits: [{
      file: matches,
      find: "    case 2:\n      return hi === 0 && lo === (vlo & 0xffff);",
      replace: "    case 2:\n      return (lo & 0xffff) === (vlo & 0xffff);",
    }],
    conform: byHistories,
  },
  {
    name: "zero-length-takes-dwords",
    about: "Zero length takes four bytes alone",
    edits: [
      {
        file: matches,
        find: "  if (rule.len === 0) return true;",
        replace: "  if (rule.len === 0) return len === 4;",
      },
      {
        file: index,
        find: "        if (wanted !== len && (wanted !== 0 ||",
        replace: "        if (wanted !== len && (wanted !== 0 || len !== 4 ||",
      },
    ],
    conform: byHistories,
  },
  {
    name: "limit-off-by-one",
    about: "A bus holds one device more",
    edits: [{ file: bus, find: "> NR_IOBUS_DEVS - 1)", replace: "> NR_IOBUS_DEVS)" }],
    conform: byHistories,
  },
  {
    name: "comparator-of-the-wrong-side",
    about: "The comparison asks whether the key has zero length, not the entry",
    edits: [{
      file: "packages/kvm-core/compare_ranges.ts",
      find: "if (bLen === 0 && zeroLengthFindable)",
      replace: "if (aLen === 0 && zeroLengthFindable)",
    }],
    conform: byHistories,
  },
  {
    name: "insertion-before-equals",
    about: "A device goes on the bus before its equals, not after them",
    edits: [{
      file: "packages/kvm-core/reference_bus.ts",
      find: "this.#compare(entries[at]!, entry) <= 0) at++;",
      replace: "this.#compare(entries[at]!, entry) < 0) at++;",
    }],
    conform: byHistories,
  },
  {
    name: "no-dead-doorbells",
    about: "The index answers where the kernel's search would miss",
    edits: [{
      file: index,
      find: "    if ((this.#table.records[at + META]! & DIRTY) !== 0) return UNDECIDED;\n",
      replace: "",
    }],
    conform: byHistories,
  },
  {
    name: "ring-holds-one-less",
    about: "The coalesced ring is full one entry early",
    edits: [{
      file: "packages/kvm-core/coalesced_ring.ts",
      find: "return (last + 1) % KVM_COALESCED_MMIO_MAX !== first;",
      replace: "return (last + 2) % KVM_COALESCED_MMIO_MAX !== first;",
    }],
    conform: byHistories,
  },
  {
    name: "read-only-slot-takes-writes",
    about: "A read-only slot swallows a store that belongs to the bus",
    edits: [{
      file: "packages/kvm-core/_guest_store.ts",
      find: "if (slot === null || slot.readonly) return bus.write(",
      replace: "if (slot === null) return bus.write(",
    }],
    conform: byHistories,
  },
  {
    name: "slots-may-not-touch",
    about: "A memory slot that begins where another ends overlaps it",
    edits: [{
      file: "packages/kvm-core/memslots.ts",
      find: "gpa >= other.gpa + other.size",
      replace: "gpa > other.gpa + other.size",
    }],
    conform: byHistories,
  },
  {
    name: "second-page-forgotten",
    about: "A store over the end of a page is taken when its first part is",
    edits: [{
      file: "packages/kvm-core/_guest_store.ts",
      find: "  return first && second;",
      replace: "  return first || second;",
    }],
    conform: byHistories,
  },
];
