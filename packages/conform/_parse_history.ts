import { hex } from "@ioeventfd/uapi";
import type { JsonCursor } from "./json_cursor.ts";
import { HISTORY_PAGES } from "./play_history.ts";
import type {
  DescriptorName,
  HistoryOp,
  HistoryResult,
  HistoryStep,
  RingEntry,
} from "./history.ts";
import type { HistoryVector } from "./vector.ts";

const names = [
  "eventfd",
  "open",
  "dup",
  "close",
  "read",
  "count",
  "poll",
  "add",
  "ioeventfd",
  "write",
  "zone",
  "unzone",
  "slot",
  "peek",
  "ring",
  "irqchip",
  "split",
  "pit",
  "speaker",
  "destroy",
] as const;
const kinds = ["pipe", "file", "socket", "timerfd", "epoll", "o_path", "dev_kvm", "vm_fd"] as const;
const oddNames = ["minus1", "int_max", "int_min"] as const;
const PAGE = 0x1000;

/** The rest of a vector of kind `history`. */
export function parseHistory(at: JsonCursor, id: string): HistoryVector {
  const vms = at.field("vms").integer(1, 16);
  const gone = new Set<number>(), ran = new Set<number>();
  const steps = at.field("steps").array().map((one): HistoryStep => {
    const does = parseOp(one, vms);
    if ("vm" in does) {
      if (gone.has(does.vm)) one.field("vm").fail(`VM ${does.vm} was destroyed before`);
      if (does.op === "destroy") gone.add(does.vm);
      if (does.op === "write") ran.add(does.vm);
      if ((does.op === "irqchip" || does.op === "split") && ran.has(does.vm)) {
        one.field("op").fail(`VM ${does.vm} has a vCPU by now, for it wrote`);
      }
    }
    return { does, gives: parseResult(one, does) };
  });
  return { kind: "history", id, vms, steps };
}

function parseOp(at: JsonCursor, vms: number): HistoryOp {
  const op = at.field("op").oneOf(names);
  const fd = (): number => at.field("fd").integer(0, 0xffff);
  const vm = (): number => at.field("vm").integer(0, vms - 1);
  switch (op) {
    case "eventfd":
      return { op, fd: fd(), initial: at.field("initial").u32(), flags: at.field("flags").u32() };
    case "open":
      return { op, fd: fd(), kind: at.field("kind").oneOf(kinds) };
    case "dup":
      return { op, fd: fd(), of: at.field("of").integer(0, 0xffff) };
    case "close":
    case "read":
    case "count":
    case "poll":
      return { op, fd: fd() };
    case "add":
      return { op, fd: fd(), value: at.field("value").u64() };
    case "ioeventfd":
      return {
        op,
        vm: vm(),
        fd: descriptor(at.field("fd")),
        addr: at.field("addr").u64(),
        len: at.field("len").u32(),
        flags: at.field("flags").u32(),
        datamatch: at.field("datamatch").u64(),
      };
    case "write": {
      const bus = at.field("bus").oneOf(["mmio", "pio"]);
      return { op, vm: vm(), bus, ...access(at, bus), times: times(at) };
    }
    case "zone":
    case "unzone":
      return {
        op,
        vm: vm(),
        addr: at.field("addr").u64(),
        size: at.field("size").u32(),
        pio: at.field("pio").u32(),
      };
    case "slot":
      return slot(at, vm());
    case "peek":
      return { op, page: page(at), offset: at.field("offset").integer(0, PAGE - 8) };
    default:
      return { op, vm: vm() };
  }
}

function descriptor(at: JsonCursor): DescriptorName {
  return typeof at.value === "string" && !/^[0-9]/.test(at.value)
    ? at.oneOf(oddNames)
    : at.integer(0, 0xffff);
}

function access(
  at: JsonCursor,
  bus: "mmio" | "pio",
): { addr: bigint; len: number; value: bigint } {
  const addr = at.field("addr").u64(), len = at.field("len").integer(1, 8);
  const lens = bus === "pio" ? [1, 2, 4] : [1, 2, 4, 8];
  if (!lens.includes(len)) at.field("len").fail(`${len} is not one of ${lens.join(", ")}`);
  if (bus === "pio" && addr > 0xffffn) at.field("addr").fail("a port is at most 0xffff");
  return { addr, len, value: at.field("value").u64() };
}

function times(at: JsonCursor): number {
  return at.optional("times")?.integer(1, 100_000) ?? 1;
}

function slot(at: JsonCursor, vm: number): HistoryOp {
  const first = page(at), size = at.field("size").u64();
  const most = BigInt((HISTORY_PAGES - first) * PAGE);
  if (size > most) {
    at.field("size").fail(`from page ${first} there are ${hex(most)} bytes`);
  }
  return {
    op: "slot",
    vm,
    slot: at.field("slot").u32(),
    flags: at.field("flags").u32(),
    gpa: at.field("gpa").u64(),
    size,
    page: first,
  };
}

function page(at: JsonCursor): number {
  return at.field("page").integer(0, HISTORY_PAGES - 1);
}

function parseResult(at: JsonCursor, { op }: HistoryOp): HistoryResult {
  switch (op) {
    case "read":
    case "count":
    case "peek": {
      const failed = op === "peek" ? undefined : at.optional("errno");
      return failed === undefined || failed.value === null
        ? { value: at.field("is").u64() }
        : { errno: failed.string() };
    }
    case "poll":
      return { mask: at.field("mask").integer(0, 0xffff) };
    case "write":
      return { taken: at.field("taken").integer(0, times(at)) };
    case "ring":
      return { entries: at.field("entries").array().map(ringEntry) };
    default:
      return { errno: at.field("errno").nullable((errno) => errno.string()) };
  }
}

function ringEntry(at: JsonCursor): RingEntry {
  return {
    addr: at.field("addr").u64(),
    len: at.field("len").integer(1, 8),
    pio: at.field("pio").integer(0, 1),
    data: at.field("data").u64(),
  };
}
