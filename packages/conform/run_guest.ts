/**
 * Vectors of machine code: kind `guest`.
 *
 * @module
 */
import { EFD_NONBLOCK, hex } from "@ioeventfd/uapi";
import type { KvmBackend, KvmVcpu, Regs, VcpuExit } from "@ioeventfd/uapi";
import { fillGuestMemory, guestLayout, initialRegs, initialSregs } from "./guest_machine.ts";
import { ioeventfdCall } from "./_ioeventfd_call.ts";
import type { GuestVector } from "./vector.ts";
import { Comparison, skipped } from "./vector_result.ts";
import type { VectorResult } from "./vector_result.ts";

const mostExits = 100_000;
/** What userspace answers to a read. */
const pattern = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] as const;

/**
 * Runs a `guest` vector.
 *
 * @param backend Model or live kernel; one without a CPU skips it
 * @param vector Code, registrations, and what Linux did
 * @param undecoded Tags of instructions that the backend's CPU does not decode
 * @returns Passed, failed, or skipped with the reason
 */
export function runGuest(
  backend: KvmBackend,
  vector: GuestVector,
  undecoded: ReadonlySet<string> = new Set(),
): VectorResult {
  if (undecoded.has(vector.tag)) return skipped(vector, `${vector.tag} is not decoded`);
  using kvm = backend.open();
  using vm = kvm.createVm();
  const memory = kvm.allocateMemory(guestLayout.ramSize);
  fillGuestMemory(vector, memory.bytes);
  const size = BigInt(guestLayout.ramSize);
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size, hva: memory.hva });
  const comparison = new Comparison();
  const fds = vector.registrations.map((registration, i) => {
    const fd = kvm.eventfd(0, EFD_NONBLOCK);
    const errno = ioeventfdCall(vm, registration, fd);
    comparison.same(`errno of registration ${i}`, String(registration.errno), String(errno));
    return fd;
  });
  let vcpu: KvmVcpu;
  try {
    vcpu = vm.createVcpu(0);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return skipped(vector, "no CPU in this backend");
  }
  using cpu = vcpu;
  cpu.setSregs(initialSregs(vector, cpu.getSregs()));
  cpu.setRegs(initialRegs(cpu.getRegs()));
  const { exits, end } = runToEnd(cpu, vector);
  comparison.sequence("exit", vector.exits.map((exit) => shownExpected(exit)), exits);
  comparison.same("end", vector.end, end);
  const fault = end === "hlt" ? faultTaken(cpu.getRegs().rip) : null;
  comparison.same("fault", String(vector.fault), String(fault));
  if (vector.regs !== undefined) compareRegs(comparison, vector.regs, cpu.getRegs());
  vector.counters.forEach((counter, i) => {
    const fd = fds[i];
    const actual = fd === undefined ? "no such eventfd" : String(kvm.eventfdCount(fd));
    comparison.same(`counter ${i}`, String(counter), actual);
  });
  for (const fd of fds) kvm.close(fd);
  return comparison.result(vector);
}

function compareRegs(comparison: Comparison, expected: Regs, actual: Regs): void {
  for (const name of Object.keys(expected) as (keyof Regs)[]) {
    comparison.same(name, hex(expected[name]), hex(actual[name]));
  }
}

function runToEnd(cpu: KvmVcpu, vector: GuestVector): { exits: string[]; end: string } {
  const exits: string[] = [];
  while (exits.length < mostExits) {
    const exit = cpu.run({ maxInstructions: 1_000_000, timeoutMs: 10_000 });
    if (exit.reason === "hlt") return { exits, end: "hlt" };
    exits.push(shownExit(exit));
    if (exit.reason !== "mmio" && exit.reason !== "io") return { exits, end: exit.reason };
    if (!exit.write) answer(exit, vector);
  }
  return { exits, end: "too many exits" };
}

function answer(exit: VcpuExit & { reason: "mmio" | "io" }, vector: GuestVector): void {
  const operand = guestLayout.mmio + vector.mmioOffset;
  const skip = exit.reason === "mmio" ? Number(exit.addr) - operand : 0;
  const period = exit.reason === "mmio" ? pattern.length : exit.size;
  for (let i = 0; i < exit.data.length; i++) {
    const at = (((skip + i) % period) + period) % period;
    exit.data[i] = pattern[at]!;
  }
}

/** Handler i begins with a HLT at its own address, so RIP tells which one ran. */
function faultTaken(rip: bigint): number | null {
  const vector = Number(rip) - guestLayout.handlers - 1;
  return vector >= 0 && vector < 256 ? vector : null;
}

function shownExit(exit: VcpuExit): string {
  const data = "data" in exit && exit.reason !== "internal_error" && exit.write
    ? ` ${Array.from(exit.data, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
    : "";
  if (exit.reason === "mmio") return `${access("mmio", exit.addr, exit.len, exit.write)}${data}`;
  if (exit.reason !== "io") return exit.reason;
  return `${access("io", BigInt(exit.port), exit.size, exit.write)} x${exit.count}${data}`;
}

function shownExpected(exit: GuestVector["exits"][number]): string {
  if (exit.reason === "other") return exit.name;
  const data = exit.data === null ? "" : ` ${exit.data}`;
  if (exit.reason === "mmio") return `${access("mmio", exit.addr, exit.len, exit.write)}${data}`;
  return `${access("io", BigInt(exit.port), exit.size, exit.write)} x${exit.count}${data}`;
}

function access(space: string, addr: bigint, len: number, write: boolean): string {
  return `${space} ${write ? "write" : "read"} 0x${addr.toString(16)} len ${len}`;
}
