import { byHistories, type Mutant } from "./mutant.ts";

const context = "packages/eventfd/eventfd_context.ts";

/** Mistakes in the counter. */
export const eventfdMutants: readonly Mutant[] = [
  {
    name: "signal-wraps",
    about: "A signal to a counter at its maximum wraps to 0",
    edits: [{
      file: "packages/eventfd/_counter_cells.ts",
      find: "    if (cells[at + HI] === -1) return;\n",
      replace: "",
    }],
    conform: byHistories,
  },
  {
    name: "poll-at-the-maximum",
    about: "A counter that is full for writers still polls as writable",
    edits: [{
      file: context,
      find: "if (hi !== -1 || lo >>> 0 < 0xffff_fffe) return POLLIN | POLLOUT;",
      replace: "if (hi !== -1 || lo >>> 0 < 0xffff_ffff) return POLLIN | POLLOUT;",
    }],
    conform: byHistories,
  },
  {
    name: "semaphore-takes-all",
    about: "Reading a semaphore takes the whole counter",
    edits: [{
      file: context,
      find:
        "  #take(out: Int32Array): void {\n    const { cells, at } = this;\n    if (this.semaphore) {",
      replace:
        "  #take(out: Int32Array): void {\n    const { cells, at } = this;\n    if (this.semaphore && cells[at] === 0) {",
    }],
    conform: byHistories,
  },
];
