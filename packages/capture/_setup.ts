/**
 * Makes the recorded set-up calls on the model and compares what they return.
 *
 * @module
 */
import {
  busFromFlags,
  busIndex,
  errno,
  errnoName,
  hex,
  type Ioeventfd,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IRQFD_FLAG_DEASSIGN,
  KVM_IRQFD_FLAG_RESAMPLE,
  splitWords,
} from "@ioeventfd/uapi";
import { describeDoorbell } from "./_describe.ts";
import type { Doorbell, DoorbellKey } from "./_doorbell.ts";
import type { Findings } from "./_findings.ts";
import type { ModelVm } from "./_model_vm.ts";
import type { OtherWorld, ProcessState } from "./_process_state.ts";
import {
  hasSpeaker,
  ioeventfdOf,
  irqfdOf,
  regionOf,
  type SetupCall,
  zoneOf,
} from "./_setup_call.ts";
import type { VmState } from "./_vm_state.ts";
import { eventKind } from "./trace_event.ts";

const EBADF = -errno.EBADF, ENOENT = -errno.ENOENT, EBUSY = -errno.EBUSY;
const EEXIST = -errno.EEXIST, EINVAL = -errno.EINVAL;

/** Makes set-up calls. */
export class Setup {
  readonly #findings: Findings;
  readonly #other: OtherWorld | null;

  /** @param findings Where disagreements go @param other Another world to make the calls in as well */
  constructor(findings: Findings, other: OtherWorld | null) {
    this.#findings = findings;
    this.#other = other;
  }

  /** Makes a call on a VM. */
  apply(kind: number, process: ProcessState, vm: VmState, call: SetupCall): void {
    switch (kind) {
      case eventKind.ioeventfd:
        return this.#ioeventfd(process, vm, call);
      case eventKind.irqfd:
        return this.#irqfd(process, vm, call);
      case eventKind.memoryRegion:
        return this.#memoryRegion(vm, call);
      case eventKind.enableCap:
        return this.#splitIrqchip(vm, call);
      case eventKind.createPit2:
        return this.createPit(vm, hasSpeaker(call) ? "yes" : "no", call);
      default:
        return this.#coalesced(vm, call, kind === eventKind.registerCoalesced);
    }
  }

  #ioeventfd(process: ProcessState, vm: VmState, call: SetupCall): void {
    const request = ioeventfdOf(call);
    if (call.ret === EBADF) process.close(request.fd);
    else process.haveEventfd(request.fd);
    const deassign = (request.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) !== 0;
    const key = keyOf(request);
    const doorbell = call.ret === 0 ? vm.doorbell(key, call.line) : null;
    const answer = vm.model.ioeventfd(request);
    if (answer !== call.ret) {
      const agreed = deassign
        ? this.#deassignDiffers(process, vm, request, doorbell, call, answer)
        : this.#assignDiffers(process, vm, request, call, answer);
      if (!agreed) this.#differs(vm, "KVM_IOEVENTFD", describeDoorbell(key), call, answer);
    }
    if (doorbell !== null) {
      doorbell.active = !deassign;
      if (deassign) vm.active.remove(doorbell);
      else {
        doorbell.assigned++;
        doorbell.fd = request.fd;
        vm.active.add(doorbell);
      }
      if (vm.imagined !== null) this.#imagine(vm, vm.imagined, request, deassign, doorbell);
    }
    vm.changed();
  }

  /** The same call in the other world. */
  #imagine(
    { writes }: VmState,
    model: ModelVm,
    request: Ioeventfd,
    deassign: boolean,
    doorbell: Doorbell,
  ): void {
    if (deassign && doorbell.refusal !== null) {
      const last = doorbell.refusals.at(-1)!;
      last.removedUnused = last.writesBefore === writes;
      doorbell.refusal = null;
      return;
    }
    const answer = model.ioeventfd(
      this.#other!.zeroLength
        ? { ...request, len: 0, flags: request.flags & ~KVM_IOEVENTFD_FLAG_DATAMATCH }
        : request,
    );
    if (deassign || answer === 0) return;
    const reason = model.lastError?.message ?? `errno ${-answer}`;
    doorbell.refusal = reason;
    doorbell.refusals.push({
      errno: -answer,
      reason,
      writesBefore: writes,
      removedUnused: false,
    });
  }

  /** @returns Whether something the recording does not show explains it */
  #assignDiffers(
    process: ProcessState,
    vm: VmState,
    request: Ioeventfd,
    call: SetupCall,
    answer: number,
  ): boolean {
    // The descriptor is looked at before the collisions.
    const isNoEventfd = call.ret === EINVAL && (answer === 0 || answer === EEXIST);
    if (answer === 0) {
      // The kernel refused it, so it must go from the model too.
      vm.model.ioeventfd({ ...request, flags: request.flags | KVM_IOEVENTFD_FLAG_DEASSIGN });
    }
    if (isNoEventfd) return this.#noEventfd(process, request, call);
    if (answer === 0) {
      return call.ret === EEXIST && !vm.setupKnown && this.#inferred(
        `${describeDoorbell(keyOf(request))} collides with one made before the recording begins`,
      );
    }
    return false;
  }

  #deassignDiffers(
    process: ProcessState,
    vm: VmState,
    request: Ioeventfd,
    doorbell: Doorbell | null,
    call: SetupCall,
    answer: number,
  ): boolean {
    const assign = { ...request, flags: request.flags & ~KVM_IOEVENTFD_FLAG_DEASSIGN };
    if (call.ret === 0 && answer === ENOENT) {
      if (doorbell?.active && doorbell.fd >= 0 && doorbell.fd !== request.fd) {
        process.sameEventfd(request.fd, doorbell.fd);
        if (vm.model.ioeventfd(request) === 0) {
          return this.#inferred(
            `descriptor ${request.fd} is a dup of ${doorbell.fd} (line ${call.line})`,
          );
        }
      }
      return !vm.setupKnown && this.#inferred(
        `${describeDoorbell(keyOf(request))} was made before the recording begins`,
      );
    }
    if (call.ret === EINVAL && (answer === 0 || answer === ENOENT)) {
      // Nothing but the descriptor is checked; a registration by it is still there.
      if (answer === 0) vm.model.ioeventfd(assign);
      return this.#noEventfd(process, request, call);
    }
    if (call.ret === ENOENT && answer === 0) {
      // The registration is still there, with an eventfd that no descriptor names any more.
      vm.model.ioeventfd(assign);
      process.freshEventfd(request.fd);
      return this.#inferred(
        `descriptor ${request.fd} was closed and used again for another eventfd ` +
          `(line ${call.line})`,
      );
    }
    return false;
  }

  /** The descriptor is a file of another kind: what was registered by its number is another eventfd's. */
  #noEventfd(process: ProcessState, { fd }: Ioeventfd, { line }: SetupCall): true {
    process.freshEventfd(fd);
    return this.#inferred(`descriptor ${fd} is not an eventfd (line ${line})`);
  }

  #irqfd(process: ProcessState, vm: VmState, call: SetupCall): void {
    const request = irqfdOf(call);
    const fds = (request.flags & KVM_IRQFD_FLAG_RESAMPLE) !== 0
      ? [request.fd, request.resamplefd]
      : [request.fd];
    for (const fd of fds) {
      if (call.ret === EBADF) process.close(fd | 0);
      else process.haveEventfd(fd | 0);
    }
    const assign = (request.flags & KVM_IRQFD_FLAG_DEASSIGN) === 0;
    let answer = vm.model.irqfd(request);
    if (answer === EINVAL && call.ret === 0 && assign && !vm.model.hasLapic) {
      // Only an interrupt controller in the kernel takes an irqfd, and no line made one.
      answer = this.#inferIrqchip(vm) ? vm.model.irqfd(request) : answer;
    }
    if (answer === EBUSY && call.ret === 0) {
      process.freshEventfd(request.fd | 0);
      answer = vm.model.irqfd(request);
      if (answer === 0) {
        this.#findings.infer(
          `descriptor ${request.fd | 0} was closed and used again for another eventfd ` +
            `(line ${call.line})`,
        );
      }
    }
    if (answer === call.ret) return;
    if (!vm.setupKnown || answer === 0) {
      this.#findings.infer(
        `KVM_IRQFD at line ${call.line} returned ${errnoOf(call.ret)}: what made it so is not in ` +
          "the recording",
      );
      return;
    }
    this.#differs(vm, "KVM_IRQFD", `descriptor ${request.fd | 0}`, call, answer);
  }

  #inferIrqchip(vm: VmState): boolean {
    if (vm.model.enableSplitIrqchip() !== 0) return false;
    vm.changed();
    return this.#inferred(
      `${vm.name} has its local APICs in the kernel, split from the VMM's IOAPIC: it takes irqfds, ` +
        "and no KVM_CREATE_IRQCHIP is in the recording",
    );
  }

  #memoryRegion(vm: VmState, call: SetupCall): void {
    const region = regionOf(call);
    const answer = vm.model.memoryRegion(region);
    if (answer === call.ret) return;
    if (answer === 0 && call.ret === EINVAL) {
      this.#findings.infer(
        `KVM_SET_USER_MEMORY_REGION at line ${call.line} returned EINVAL: host addresses are not ` +
          "in the recording",
      );
    } else {
      const what = `slot ${hex(region.slot)}`;
      this.#differs(vm, "KVM_SET_USER_MEMORY_REGION", what, call, answer);
    }
    if (answer === 0) vm.model.memoryRegion({ ...region, size: 0n });
  }

  #coalesced(vm: VmState, call: SetupCall, register: boolean): void {
    const zone = zoneOf(call);
    const name = `KVM_${register ? "" : "UN"}REGISTER_COALESCED_MMIO`;
    const answer = vm.model.coalesced(zone, register);
    const what = `zone ${zone.pio === 1 ? "pio" : "mmio"} ${hex(zone.addr)}`;
    if (answer !== call.ret) this.#differs(vm, name, what, call, answer);
    vm.imagined?.coalesced(zone, register);
    if (call.ret === 0) vm.zone(zone, register);
  }

  /** `KVM_CREATE_IRQCHIP` returned. */
  createIrqchip(vm: VmState, call: SetupCall): void {
    if (call.ret < 0) return;
    const answer = vm.model.createIrqchip();
    vm.imagined?.createIrqchip();
    if (answer !== 0) this.#differs(vm, "KVM_CREATE_IRQCHIP", "irqchip", call, answer);
    vm.changed();
  }

  /** `KVM_ENABLE_CAP` of a split interrupt controller returned 0. */
  #splitIrqchip(vm: VmState, call: SetupCall): void {
    const answer = vm.model.enableSplitIrqchip();
    vm.imagined?.enableSplitIrqchip();
    if (answer !== 0) this.#differs(vm, "KVM_ENABLE_CAP", "split irqchip", call, answer);
    vm.changed();
  }

  /** `KVM_CREATE_PIT2` or `KVM_CREATE_PIT` returned; the speaker's flag may not be in the recording. */
  createPit(vm: VmState, speaker: "yes" | "no" | "unknown", call: SetupCall): void {
    if (call.ret < 0) return;
    const known = speaker === "yes";
    let answer = vm.model.createPit(known);
    if (answer !== 0 && !vm.setupKnown && vm.model.createIrqchip() === 0) {
      this.#findings.infer(
        `${vm.name} has its interrupt controllers in the kernel: it has a timer`,
      );
      answer = vm.model.createPit(known);
    }
    vm.imagined?.createPit(known);
    if (answer !== 0) this.#differs(vm, "KVM_CREATE_PIT2", "timer", call, answer);
    else vm.speaker = speaker;
    vm.changed();
  }

  #differs(vm: VmState, name: string, what: string, call: SetupCall, answer: number): void {
    const reason = answer < 0 && vm.model.lastError !== null
      ? ` (${vm.model.lastError.reason.detail})`
      : "";
    const sentence = `${name} of ${what} on ${vm.name} returned ${errnoOf(call.ret)}, ` +
      `the model says ${errnoOf(answer)}${reason}`;
    if (vm.setupKnown) this.#findings.contradict(call.line, sentence);
    else this.#findings.infer(`${sentence}: the set-up is not all in the recording`);
  }

  #inferred(what: string): true {
    this.#findings.infer(what);
    return true;
  }
}

function keyOf(request: Ioeventfd): DoorbellKey {
  const wildcard = (request.flags & KVM_IOEVENTFD_FLAG_DATAMATCH) === 0;
  const at = splitWords(request.addr), value = splitWords(wildcard ? 0n : request.datamatch);
  return {
    bus: busIndex(busFromFlags(request.flags)),
    lo: at.lo | 0,
    hi: at.hi | 0,
    len: request.len,
    wildcard,
    datamatchLo: value.lo | 0,
    datamatchHi: value.hi | 0,
  };
}

function errnoOf(ret: number): string {
  return ret >= 0 ? String(ret) : errnoName(-ret) ?? `errno ${-ret}`;
}
