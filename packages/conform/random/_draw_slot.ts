import type { SlotOp } from "../history.ts";
import type { Draw } from "./draw.ts";

const PAGE = 0x1000n;

/** A memory slot over the page of an address or the next, or one like another: gone, with another flag, or as it was. */
export function drawSlot(
  draw: Draw,
  vm: number,
  memory: bigint,
  others: readonly SlotOp[],
): SlotOp {
  if (others.length > 0 && draw.oneIn(3)) {
    const like = draw.pick(others);
    return { ...like, vm, ...draw.pick([{ size: 0n }, { flags: like.flags ^ 1 }, {}]) };
  }
  const page = memory & ~(PAGE - 1n);
  return {
    op: "slot",
    vm,
    slot: draw.int(0, 2),
    flags: draw.oneIn(30) ? 0x80 : draw.pick([0, 0, 0, 1, 2, 2]),
    gpa: page + PAGE * BigInt(draw.int(0, 1)) + (draw.oneIn(30) ? 0x10n : 0n),
    size: draw.oneIn(30) ? 0x800n : PAGE * BigInt(draw.int(1, 2)),
    page: draw.int(0, 3),
  };
}
