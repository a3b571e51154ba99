/**
 * A set-up call of the recording as fields with names.
 *
 * @module
 */
import {
  type Ioeventfd,
  type Irqfd,
  joinWords,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_PIT_SPEAKER_DUMMY,
} from "@ioeventfd/uapi";
import type { RecordedRegion, RecordedZone } from "./_model_vm.ts";
import { column } from "./trace_event.ts";

/** Where and when a set-up call was made. */
export interface SetupCall {
  /** Row words. */
  readonly words: Int32Array;
  /** Where the row starts. */
  readonly row: number;
  /** Line. */
  readonly line: number;
  /** Thread, by index. */
  readonly thread: number;
  /** Nanoseconds at which it returned. */
  readonly time: number;
  /** What it returned. */
  readonly ret: number;
}

function field({ words, row }: SetupCall, at: number): number {
  return words[row + at]!;
}

function addr(call: SetupCall): bigint {
  return joinWords(field(call, column.addrLo), field(call, column.addrHi));
}

/** Arguments of `KVM_IOEVENTFD`. */
export function ioeventfdOf(call: SetupCall): Ioeventfd {
  return {
    datamatch: joinWords(field(call, column.valueLo), field(call, column.valueHi)),
    addr: addr(call),
    len: field(call, column.b) >>> 0,
    fd: field(call, column.d),
    flags: field(call, column.c) >>> 0,
  };
}

/** Arguments of `KVM_IRQFD`. */
export function irqfdOf(call: SetupCall): Irqfd {
  return {
    fd: field(call, column.d) >>> 0,
    gsi: field(call, column.b) >>> 0,
    flags: field(call, column.c) >>> 0,
    resamplefd: field(call, column.sizeLo) >>> 0,
  };
}

/** Arguments of `KVM_SET_USER_MEMORY_REGION`. */
export function regionOf(call: SetupCall): RecordedRegion {
  return {
    slot: field(call, column.b) >>> 0,
    flags: field(call, column.c) >>> 0,
    gpa: addr(call),
    size: joinWords(field(call, column.sizeLo), field(call, column.sizeHi)),
  };
}

/** Arguments of `KVM_REGISTER_COALESCED_MMIO` and its opposite. */
export function zoneOf(call: SetupCall): RecordedZone {
  return {
    addr: addr(call),
    size: field(call, column.b) >>> 0,
    pio: field(call, column.c) >>> 0,
  };
}

/** Whether a `KVM_ENABLE_CAP` puts the local APICs in the kernel and leaves the rest to userspace. */
export function enablesSplitIrqchip(call: SetupCall): boolean {
  return field(call, column.b) === KVM_CAP_SPLIT_IRQCHIP && call.ret === 0;
}

/** Whether a `KVM_CREATE_PIT2` asks for the speaker port. */
export function hasSpeaker(call: SetupCall): boolean {
  return (field(call, column.c) & KVM_PIT_SPEAKER_DUMMY) !== 0;
}
