import { assertEquals, assertThrows } from "@std/assert";
import type { VcpuExit } from "./backend.ts";
import * as reasons from "./exit_reason.ts";
import { encodeRunInternalError, encodeRunIo, encodeRunMmio, KVM_EXIT_IO_OUT } from "./kvm_run.ts";
import { decodeVcpuExit } from "./vcpu_exit.ts";

function mapping(reason: number): { readonly run: Uint8Array; readonly view: DataView } {
  const run = new Uint8Array(0x2000), view = new DataView(run.buffer);
  view.setUint32(8, reason, true);
  return { run, view };
}

Deno.test("decodeVcpuExit() gives a port access with all its elements, where the mapping has them", () => {
  const { run, view } = mapping(reasons.KVM_EXIT_IO);
  const io = { direction: KVM_EXIT_IO_OUT, size: 2, port: 0xc010, count: 2, dataOffset: 0x1000n };
  encodeRunIo(io, run);
  run.set([1, 2, 3, 4, 5], 0x1000);
  const data = Uint8Array.of(1, 2, 3, 4);
  const exit = { reason: "io", port: 0xc010, size: 2, count: 2, write: true, data } as const;
  assertEquals(decodeVcpuExit(view), exit);
});

Deno.test("decodeVcpuExit() gives the place of an answer, which the guest reads", () => {
  const { run, view } = mapping(reasons.KVM_EXIT_MMIO);
  encodeRunMmio({ physAddr: 1n << 40n, data: new Uint8Array(8), len: 4, isWrite: 0 }, run);
  const exit = decodeVcpuExit(view);
  if (exit.reason !== "mmio") throw new Error(exit.reason);
  assertEquals([exit.addr, exit.len, exit.write], [1n << 40n, 4, false]);
  exit.data.set([1, 2, 3, 4]);
  assertEquals(view.getUint32(40, true), 0x0403_0201);
});

Deno.test("decodeVcpuExit() asks for the data of an access, where it is told whom", () => {
  const { run, view } = mapping(reasons.KVM_EXIT_MMIO);
  encodeRunMmio({ physAddr: 0n, data: new Uint8Array(8), len: 8, isWrite: 1 }, run);
  const asked: unknown[] = [];
  decodeVcpuExit(view, (_, ...rest) => {
    asked.push(rest);
    return new Uint8Array();
  });
  assertEquals(asked, [[40, 8, true]]);
});

Deno.test("decodeVcpuExit() gives the words of an internal error that are in use", () => {
  const { run, view } = mapping(reasons.KVM_EXIT_INTERNAL_ERROR);
  const data = Array.from({ length: 16 }, (_, i) => BigInt(i));
  encodeRunInternalError({ suberror: 1, ndata: 3, data }, run);
  const exit = { reason: "internal_error", suberror: 1, data: [0n, 1n, 2n] } as const;
  assertEquals(decodeVcpuExit(view), exit);
});

Deno.test("decodeVcpuExit() has a name for every other reason, or its number", () => {
  const exits: readonly (readonly [reason: number, exit: VcpuExit])[] = [
    [reasons.KVM_EXIT_HLT, { reason: "hlt" }],
    [reasons.KVM_EXIT_SHUTDOWN, { reason: "shutdown" }],
    [reasons.KVM_EXIT_DEBUG, { reason: "debug" }],
    [reasons.KVM_EXIT_IRQ_WINDOW_OPEN, { reason: "irq_window_open" }],
    [reasons.KVM_EXIT_INTR, { reason: "intr" }],
    [reasons.KVM_EXIT_UNKNOWN, { reason: "unknown", hardwareExitReason: 48n }],
    [reasons.KVM_EXIT_FAIL_ENTRY, { reason: "fail_entry", hardwareEntryFailureReason: 48n }],
    [999, { reason: "other", exitReason: 999 }],
  ];
  for (const [reason, exit] of exits) {
    const { view } = mapping(reason);
    view.setBigUint64(32, 48n, true);
    assertEquals(decodeVcpuExit(view), exit);
  }
});

Deno.test("decodeVcpuExit() refuses a mapping that is too short", () => {
  assertThrows(() => decodeVcpuExit(new DataView(new ArrayBuffer(8))), RangeError);
});
