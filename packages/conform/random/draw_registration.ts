/**
 * Random registration cases.
 *
 * @module
 */
import {
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_FAST_MMIO,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} from "@ioeventfd/uapi";
import { sample } from "fast-check";
import { DrawnArbitrary } from "./_arbitrary.ts";
import type { DescriptorName, IoeventfdOp } from "../history.ts";
import type { RegistrationCase } from "../registration_case.ts";
import type { Draw } from "./draw.ts";

const DATAMATCH = KVM_IOEVENTFD_FLAG_DATAMATCH, DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN;
const PIO = KVM_IOEVENTFD_FLAG_PIO, CCW = KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;

const eventfds: readonly DescriptorName[] = [0, 0, 0, 1, 1, 2, 3];
const others: readonly DescriptorName[] = [
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  "minus1",
  "int_max",
  "int_min",
];
const lens: readonly number[] = [0, 0, 1, 2, 4, 4, 8];
const badLens: readonly number[] = [
  3,
  5,
  6,
  7,
  9,
  16,
  0x100,
  0x8000_0000,
  0xffff_ffff,
  0xffff_fffc,
];
const buses: readonly number[] = [0, 0, 0, PIO, PIO, CCW, PIO | CCW];
/** Values that agree in their low bytes, and that have bits above short lengths. */
const values: readonly bigint[] = [
  0n,
  1n,
  0xffn,
  0x1ffn,
  0x1_0000_00ffn,
  0x1122_3344_5566_7788n,
  0x9122_3344_5566_7788n,
  0xffff_ffff_ffff_ffffn,
];

/**
 * Draws a case: one call of any shape, two that may collide, or a history of a few.
 *
 * @param draw Where chance comes from
 * @returns The case
 */
export function drawRegistrationCase(draw: Draw): RegistrationCase {
  const kind = draw.int(0, 9);
  if (kind < 4) return drawOne(draw);
  return { ops: (kind < 7 ? drawPair(draw) : drawFew(draw)).map(asU32), absolute: false };
}

/** Bits set or cleared one by one leave a signed number. */
function asU32(op: IoeventfdOp): IoeventfdOp {
  return { ...op, flags: op.flags >>> 0 };
}

/**
 * Draws cases, for whoever wants to play them as fast as can be: with a `RegistrationPlayer`.
 *
 * @param count How many
 * @param seed Where chance begins, a 32-bit integer
 * @returns The same cases for the same seed
 *
 * @example How many cases a second the model plays
 * ```ts
 * import { RegistrationPlayer } from "@ioeventfd/conform";
 * import { drawRegistrationCases } from "@ioeventfd/conform/random";
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * const cases = drawRegistrationCases(1000, 1);
 * using player = new RegistrationPlayer(new CoreBackend());
 * const start = performance.now();
 * player.play(cases);
 * console.log(`${Math.round(cases.length / (performance.now() - start))} cases a millisecond`);
 * ```
 */
export function drawRegistrationCases(count: number, seed: number): RegistrationCase[] {
  return sample(new DrawnArbitrary(drawRegistrationCase, () => []), { numRuns: count, seed });
}

/** One call of any shape, at the top of the address space now and then. */
function drawOne(draw: Draw): RegistrationCase {
  const absolute = draw.oneIn(8);
  const top = (1n << 64n) - BigInt(draw.int(1, 10));
  const op: IoeventfdOp = {
    op: "ioeventfd",
    vm: 0,
    fd: draw.oneIn(3) ? draw.pick(others) : draw.pick(eventfds),
    addr: absolute ? (draw.oneIn(8) ? BigInt(draw.int(0, 8)) : top) : BigInt(draw.int(0, 16)),
    len: draw.oneIn(4) ? draw.pick(badLens) : draw.oneIn(12) ? draw.u32() : draw.pick(lens),
    flags: draw.oneIn(6) ? draw.u32() : draw.int(0, 31),
    datamatch: draw.oneIn(8) ? draw.u64() : draw.pick(values),
  };
  return { ops: [op], absolute };
}

/** A valid registration, and one that differs from it in a field or two. */
function drawPair(draw: Draw): IoeventfdOp[] {
  const first = drawValid(draw);
  return [first, varied(draw, draw.oneIn(2) ? varied(draw, first) : first)];
}

/** Values at one address, some of them told apart by a bit alone, and taking them away. */
function drawFan(draw: Draw): IoeventfdOp[] {
  const valid = drawValid(draw);
  const len = valid.len === 0 ? 8 : valid.len;
  const first: IoeventfdOp = { ...valid, len, flags: valid.flags | DATAMATCH };
  const ops = [first];
  for (let left = draw.int(2, 6); left > 0; left--) {
    const like = draw.pick(ops);
    const bit = 1n << BigInt(draw.int(0, 63));
    const op = draw.oneIn(3) ? like : { ...like, datamatch: like.datamatch ^ bit };
    ops.push({ ...op, flags: draw.oneIn(4) ? op.flags | DEASSIGN : op.flags & ~DEASSIGN });
  }
  return ops;
}

/** Registering and taking away around a few addresses. */
function drawFew(draw: Draw): IoeventfdOp[] {
  if (draw.oneIn(4)) return drawFan(draw);
  const ops: IoeventfdOp[] = [drawValid(draw)];
  for (let left = draw.int(1, 6); left > 0; left--) {
    const like = draw.pick(ops);
    const chance = draw.int(0, 9);
    if (chance < 3) ops.push({ ...like, flags: like.flags | DEASSIGN });
    else if (chance < 5) ops.push(varied(draw, { ...like, flags: like.flags | DEASSIGN }));
    else if (chance < 8) ops.push(varied(draw, { ...like, flags: like.flags & ~DEASSIGN }));
    else ops.push({ ...like, flags: like.flags & ~DEASSIGN });
  }
  return ops;
}

function drawValid(draw: Draw): IoeventfdOp {
  const len = draw.pick(lens);
  const match = len !== 0 && draw.oneIn(2) ? DATAMATCH : 0;
  const hint = draw.oneIn(8) ? KVM_IOEVENTFD_FLAG_FAST_MMIO : 0;
  return {
    op: "ioeventfd",
    vm: 0,
    fd: draw.pick(eventfds),
    addr: BigInt(draw.int(4, 12)),
    len,
    flags: draw.pick(buses) | match | hint,
    datamatch: draw.pick(values),
  };
}

/** The same but for one field; DEASSIGN stays as it is. */
function varied(draw: Draw, op: IoeventfdOp): IoeventfdOp {
  switch (draw.int(0, 6)) {
    case 0:
      return { ...op, addr: op.addr + BigInt(draw.pick([-8, -4, -2, -1, 1, 2, 4, 8])) };
    case 1:
      return { ...op, len: draw.oneIn(8) ? draw.pick(badLens) : draw.pick(lens) };
    case 2:
      return { ...op, flags: op.flags ^ DATAMATCH };
    case 3:
      return { ...op, flags: op.flags & ~(PIO | CCW) | draw.pick(buses) };
    case 4:
      return { ...op, datamatch: draw.pick(values) };
    case 5:
      return { ...op, fd: draw.oneIn(8) ? draw.pick(others) : draw.pick(eventfds) };
    default:
      return { ...op, flags: (op.flags ^ 1 << draw.pick([4, 4, 4, 5, 31])) >>> 0 };
  }
}
