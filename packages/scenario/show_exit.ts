/**
 * Exits to userspace in one line of text.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { VcpuExit } from "@ioeventfd/uapi";

/**
 * An exit as scenarios spell it: `mmio write 0xfebfb000 len 2 = 0x0`, `io read 0x71 len 1`, `hlt`.
 *
 * @param exit What `KVM_RUN` came back with
 * @returns One line; the data of a write as a number, of a string batch as bytes
 */
export function showExit(exit: VcpuExit): string {
  if (exit.reason === "mmio") {
    const line = `mmio ${verb(exit.write)} ${hex(exit.addr)} len ${exit.len}`;
    return exit.write ? `${line} = ${littleEndian(exit.data)}` : line;
  }
  if (exit.reason === "io") {
    const times = exit.count === 1 ? "" : ` x${exit.count}`;
    const line = `io ${verb(exit.write)} ${hex(exit.port)} len ${exit.size}${times}`;
    return exit.write ? `${line} = ${littleEndian(exit.data)}` : line;
  }
  if (exit.reason === "internal_error") return `internal_error suberror ${exit.suberror}`;
  if (exit.reason === "unknown") {
    return `unknown hardware reason ${hex(exit.hardwareExitReason)}`;
  }
  if (exit.reason === "other") return `exit reason ${exit.exitReason}`;
  return exit.reason;
}

function verb(write: boolean): string {
  return write ? "write" : "read";
}

function littleEndian(bytes: Uint8Array): string {
  return hex(bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n));
}

/**
 * Bytes as two hex digits each: `00 11 fe`.
 *
 * @param bytes What to show
 */
export function showBytes(bytes: Uint8Array | readonly number[]): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
