// What this kernel does with one observation: the same fields, filled in anew.
import {
  encodeIoeventfd,
  type Ioeventfd,
  KVM_IOEVENTFD,
  KvmError,
  type OtherFile,
  type VcpuExit,
} from "@ioeventfd/uapi";
import type { LiveSystem, LiveVm } from "../mod.ts";
import { bootGuest, OPERAND_BASE } from "./guest.ts";

// deno-lint-ignore no-explicit-any
export type Vector = any;

const DEASSIGN = 4;
const EFD_SEMAPHORE = 1;

function ioeventfd(vm: LiveVm, reg: Vector, fd: number, flags = 0): string | null {
  const value: Ioeventfd = {
    addr: BigInt(reg.addr),
    len: reg.len,
    flags: (reg.flags | flags) >>> 0,
    datamatch: BigInt(reg.datamatch),
    fd,
  };
  try {
    vm.ioctl(KVM_IOEVENTFD, encodeIoeventfd(value));
    return null;
  } catch (error) {
    if (error instanceof KvmError) return error.code;
    throw error;
  }
}

function descriptor(system: LiveSystem, kind: string): number {
  switch (kind) {
    case "eventfd":
      return system.eventfd(0, 0);
    case "semaphore":
      return system.eventfd(0, EFD_SEMAPHORE);
    case "dup_eventfd":
      return system.dup(system.eventfd(0, 0));
    case "closed": {
      const fd = system.eventfd(0, 0);
      system.close(fd);
      return fd;
    }
    case "minus1":
      return -1;
    case "int_max":
      return 0x7fffffff;
    case "int_min":
      return -0x80000000;
    case "pipe_w":
      return system.openOther("pipe");
    default:
      return system.openOther(kind as OtherFile);
  }
}

function runBus(system: LiveSystem, vm: LiveVm, vector: Vector): Vector {
  const fds: number[] = [];
  const assigned: Vector[] = [];
  const ops = vector.ops.map((op: Vector) => {
    if (op.op === "assign") {
      assigned[op.fd] = op;
      fds[op.fd] = system.eventfd(0, 0);
      return { ...op, errno: ioeventfd(vm, op, fds[op.fd]!) };
    }
    return { ...op, errno: ioeventfd(vm, assigned[op.fd], fds[op.fd]!, DEASSIGN) };
  });
  const userspace: Vector[] = [];
  for (const { addr, len, value } of vector.writes) {
    const answer = vm.guestWrite(vector.bus, BigInt(addr), len, BigInt(value));
    if (answer === "userspace") userspace.push({ addr, len });
  }
  return { ...vector, ops, userspace, counters: counters(system, fds) };
}

function counters(system: LiveSystem, fds: readonly number[]): number[] {
  return fds.map((fd) => Number(system.eventfdCount(fd)));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const ANSWER = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11];

function toldExit(exit: VcpuExit, operand: bigint): Vector {
  if (exit.reason === "mmio") {
    const { addr, len, write, data } = exit;
    const told = { reason: "mmio", addr: `0x${addr.toString(16)}`, len, write };
    if (write) return { ...told, data: hex(data) };
    for (let i = 0; i < len; i++) data[i] = ANSWER[(Number(addr - operand) + i) & 7]!;
    return told;
  }
  if (exit.reason === "io") {
    const { port, size, count, write, data } = exit;
    const told = { reason: "io", port: `0x${port.toString(16)}`, size, count, write };
    if (write) return { ...told, data: hex(data) };
    for (let i = 0; i < data.length; i++) data[i] = ANSWER[i % size]!;
    return told;
  }
  return { reason: exit.reason };
}

function runGuest(system: LiveSystem, vm: LiveVm, vector: Vector): Vector {
  const fds: number[] = vector.registrations.map(() => system.eventfd(0, 0));
  const registrations = vector.registrations.map((reg: Vector, i: number) => ({
    ...reg,
    errno: ioeventfd(vm, reg, fds[i]!),
  }));
  const vcpu = bootGuest(system, vm, vector);
  const operand = OPERAND_BASE + BigInt(vector.mmioOffset);
  const exits: Vector[] = [];
  for (;;) {
    const exit = vcpu.run({ timeoutMs: 500 });
    if (exit.reason === "hlt") {
      const vector_ = Number(vcpu.getRegs().rip) - 0x5001;
      const fault = vector_ >= 0 && vector_ < 64 ? vector_ : null;
      return {
        ...vector,
        registrations,
        exits,
        counters: counters(system, fds),
        end: "hlt",
        fault,
      };
    }
    exits.push(toldExit(exit, operand));
    if (exit.reason === "mmio" || exit.reason === "io") continue;
    const end = exit.reason;
    return { ...vector, registrations, exits, counters: counters(system, fds), end, fault: null };
  }
}

/** Runs a vector on a fresh VM. */
export function runVector(system: LiveSystem, vector: Vector): Vector {
  const vm = system.createVm();
  switch (vector.kind) {
    case "register": {
      const { op } = vector;
      return { ...vector, errno: ioeventfd(vm, op, descriptor(system, op.fd)) };
    }
    case "collide": {
      const fd = system.eventfd(0, 0);
      const first = ioeventfd(vm, vector.first, fd);
      if (first !== null) return { ...vector, errno: `first: ${first}` };
      const other = vector.second.fd === "same" ? fd : system.eventfd(0, 0);
      return { ...vector, errno: ioeventfd(vm, vector.second, other) };
    }
    case "bus":
      return runBus(system, vm, vector);
    case "guest":
      return runGuest(system, vm, vector);
    default:
      throw new Error(`Unknown kind ${vector.kind}`);
  }
}
