/**
 * Playing a guest on a backend.
 *
 * @module
 */
import { EFD_NONBLOCK } from "@ioeventfd/uapi";
import type { KvmBackend, KvmSystem, KvmVcpu, KvmVm, Regs, VcpuExit } from "@ioeventfd/uapi";
import { ioeventfdCall } from "./_ioeventfd_call.ts";
import { onSystem } from "./_on_system.ts";
import { fillGuestMemory, guestLayout, initialRegs, initialSregs } from "./guest_machine.ts";
import type { PlayOptions } from "./play_options.ts";
import type { GuestExit, GuestObservation, GuestSetup } from "./vector.ts";

const mostExits = 100_000;
/** AF, which logic and shifts leave undefined. */
const ADJUST = 0x10n;
/** What userspace answers to a read. */
const pattern = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] as const;

/**
 * Plays a guest on a fresh VM.
 *
 * @param backend Model or live kernel
 * @param guest Code and registrations
 * @param options How to end
 * @returns What it did; null when the backend has no CPU
 */
export function playGuest(
  backend: KvmBackend,
  guest: GuestSetup,
  options: PlayOptions = {},
): Required<GuestObservation> | null {
  return onSystem(backend, options, (system) => playGuestOn(system, guest));
}

/**
 * Plays a guest on a fresh VM of a system that is open already.
 *
 * @param system An open `/dev/kvm`
 * @param guest Code and registrations
 * @returns What it did; null when the system has no CPU
 */
export function playGuestOn(
  system: KvmSystem,
  guest: GuestSetup,
): Required<GuestObservation> | null {
  const vm = system.createVm();
  const memory = system.allocateMemory(guestLayout.ramSize);
  fillGuestMemory(guest, memory.bytes);
  const size = BigInt(guestLayout.ramSize);
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size, hva: memory.hva });
  const cpu = createCpu(vm);
  if (cpu === null) return null;
  const fds: number[] = [];
  const registrations = guest.registrations.map((registration) => {
    const fd = system.eventfd(0, EFD_NONBLOCK);
    fds.push(fd);
    return { ...registration, errno: ioeventfdCall(vm, registration, fd) };
  });
  cpu.setSregs(initialSregs(guest, cpu.getSregs()));
  cpu.setRegs(initialRegs());
  const { exits, end } = runToEnd(cpu, guest.mmioOffset);
  const regs = cpu.getRegs();
  regs.rflags &= ~ADJUST;
  const fault = end === "hlt" ? faultTaken(regs) : null;
  const counters = fds.map((fd) => system.eventfdCount(fd));
  return { registrations, exits, end, fault, counters, regs };
}

function createCpu(vm: KvmVm): KvmVcpu | null {
  try {
    return vm.createVcpu(0);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function runToEnd(cpu: KvmVcpu, mmioOffset: number): { exits: GuestExit[]; end: string } {
  const exits: GuestExit[] = [];
  while (exits.length < mostExits) {
    const exit = cpu.run({ maxInstructions: 1_000_000, timeoutMs: 10_000 });
    if (exit.reason === "hlt") return { exits, end: "hlt" };
    if (exit.reason !== "mmio" && exit.reason !== "io") {
      exits.push({ reason: "other", name: exit.reason });
      return { exits, end: exit.reason };
    }
    exits.push(recorded(exit));
    if (!exit.write) answer(exit, mmioOffset);
  }
  return { exits, end: "too many exits" };
}

function recorded(exit: VcpuExit & { reason: "mmio" | "io" }): GuestExit {
  const { write } = exit;
  const data = write
    ? Array.from(exit.data, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : null;
  if (exit.reason === "mmio") {
    return { reason: "mmio", addr: exit.addr, len: exit.len, write, data };
  }
  return { reason: "io", port: exit.port, size: exit.size, count: exit.count, write, data };
}

function answer(exit: VcpuExit & { reason: "mmio" | "io" }, mmioOffset: number): void {
  const operand = guestLayout.mmio + mmioOffset;
  const skip = exit.reason === "mmio" ? Number(exit.addr) - operand : 0;
  const period = exit.reason === "mmio" ? pattern.length : exit.size;
  for (let i = 0; i < exit.data.length; i++) {
    const at = (((skip + i) % period) + period) % period;
    exit.data[i] = pattern[at]!;
  }
}

/** Handler i begins with a HLT at its own address, so RIP tells which one ran. */
function faultTaken({ rip }: Regs): number | null {
  const vector = Number(rip) - guestLayout.handlers - 1;
  return vector >= 0 && vector < 256 ? vector : null;
}
