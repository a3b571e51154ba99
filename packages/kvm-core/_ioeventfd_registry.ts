import type { EventfdContext } from "@ioeventfd/eventfd";
import {
  type ErrnoName,
  errnoName,
  hex,
  type IoeventfdRules,
  joinWords,
  KVM_FAST_MMIO_BUS,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
  KVM_VIRTIO_CCW_NOTIFY_BUS,
  KvmError,
  type RegistrationView,
} from "@ioeventfd/uapi";
import { ENOMEM } from "./_bus_errno.ts";
import { IoeventfdList } from "./_ioeventfd_list.ts";
import type { IoeventfdRequest } from "./_ioeventfd_request.ts";
import type { AllocationFaults } from "./allocation_faults.ts";
import { collides } from "./collides.ts";
import { NR_IOBUS_DEVS } from "./io_bus.ts";
import type { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { droppedReport, type KernelReport } from "./kernel_report.ts";

/** What the registry needs of its VM. */
export interface RegistryHost {
  readonly rules: IoeventfdRules;
  readonly bus: (index: number) => IoBus;
  readonly faults: AllocationFaults;
  lookupEventfd(fd: number): EventfdContext;
  report(report: KernelReport): void;
}

const busNames = ["mmio", "pio", "ccw", "fast MMIO"];

/** `KVM_IOEVENTFD`: what virt/kvm/eventfd.c does. */
export class IoeventfdRegistry {
  readonly #host: RegistryHost;
  readonly #list = new IoeventfdList();
  readonly #onDestroy = (ioeventfd: Ioeventfd): void => this.#destroyed(ioeventfd);
  #sequence = 0;

  constructor(host: RegistryHost) {
    this.#host = host;
  }

  /** What userspace registered, in that order; fast twins are not shown. */
  *registrations(): Generator<Ioeventfd> {
    for (const entry of this.#list) if (entry.busIndex !== KVM_FAST_MMIO_BUS) yield entry;
  }

  // KERNEL 6.19 virt/kvm/eventfd.c kvm_ioeventfd
  call(request: IoeventfdRequest): void {
    if (request.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) this.#deassign(request);
    else this.#assign(request);
  }

  // KERNEL 3.14, f848a5a8dcb6, 4.4, 6.19 virt/kvm/eventfd.c kvm_assign_ioeventfd
  #assign(request: IoeventfdRequest): void {
    this.#check(request);
    const rules = this.#host.rules;
    const busIndex = busOf(request.flags);
    const primary = this.#assignOn(busIndex, request);
    if (request.len === 0 && rules.fastMmioBus !== "none") {
      if (busIndex === KVM_MMIO_BUS || rules.fastBusTakesCcw && busIndex !== KVM_PIO_BUS) {
        this.#assignTwin(primary, request);
      }
    }
    this.#sequence++;
  }

  #check({ lo, hi, len, flags }: IoeventfdRequest): void {
    const rules = this.#host.rules;
    const zeroLength = rules.zeroLengthMmio || rules.zeroLengthPio;
    if (!(len === 1 || len === 2 || len === 4 || len === 8 || len === 0 && zeroLength)) {
      const allowed = zeroLength ? "0, 1, 2, 4, 8" : "1, 2, 4, 8";
      refuse("EINVAL", "length", `Length ${hex(len)} is not one of ${allowed}`);
    }
    if ((hi | 0) === -1 && (lo >>> 0) + len > 0xffff_ffff) {
      const addr = hex(joinWords(lo, hi));
      refuse("EINVAL", "wrap", `Address ${addr} plus length ${hex(len)} wraps at 2^64`);
    }
    const unknown = (flags & ~rules.validFlags) >>> 0;
    if (unknown !== 0) {
      const known = hex(rules.validFlags);
      refuse("EINVAL", "flags", `Flags ${hex(unknown)} are outside of ${known}`);
    }
    if (len !== 0) return;
    if (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) {
      refuse("EINVAL", "zero-length", "Length 0x0 has no data to match: DATAMATCH is refused");
    }
    const pio = (flags & KVM_IOEVENTFD_FLAG_PIO) !== 0;
    if (pio ? !rules.zeroLengthPio : !rules.zeroLengthMmio) {
      const where = pio ? "PIO" : "MMIO";
      refuse("EINVAL", "zero-length", `Length 0x0 on ${where} is not in this release`);
    }
  }

  // KERNEL 6.19 virt/kvm/eventfd.c kvm_assign_ioeventfd_idx
  #assignOn(busIndex: number, request: IoeventfdRequest): Ioeventfd {
    const { lo, hi, len, wildcard, datamatchLo, datamatchHi } = request;
    const bus = this.#host.bus(busIndex);
    // First, as it may wait for memory: all that does not depend on it is done meanwhile.
    const isTaken = bus.collides(request);
    const context = this.#host.lookupEventfd(request.fd);
    if (this.#host.faults.take("ioeventfd")) {
      refuse("ENOMEM", "allocation", "The ioeventfd cannot be allocated");
    }
    const ioeventfd = new Ioeventfd({
      lo,
      hi,
      len,
      wildcard,
      datamatchLo,
      datamatchHi,
      context,
      busIndex,
      sequence: this.#sequence,
      onDestroy: this.#onDestroy,
    });
    if (isTaken) this.#refuseCollision(ioeventfd);
    const answer = bus.register(lo, hi, len, ioeventfd);
    if (answer !== 0) {
      context.release();
      refuseBus(answer, busIndex);
    }
    bus.countIoeventfd(1);
    this.#list.append(ioeventfd);
    return ioeventfd;
  }

  #assignTwin(primary: Ioeventfd, request: IoeventfdRequest): void {
    if (this.#host.rules.fastMmioBus === "own-object") {
      try {
        this.#assignOn(KVM_FAST_MMIO_BUS, request);
      } catch (error) {
        this.#remove(primary);
        throw error;
      }
      return;
    }
    // KERNEL 3.16 virt/kvm/eventfd.c kvm_assign_ioeventfd: one device on two buses
    const fast = this.#host.bus(KVM_FAST_MMIO_BUS);
    const answer = fast.register(primary.lo, primary.hi, 0, primary);
    if (answer !== 0) {
      this.#remove(primary);
      refuseBus(answer, KVM_FAST_MMIO_BUS);
    }
    if (this.#host.rules.fastBusCountsIoeventfds) fast.countIoeventfd(1);
  }

  // KERNEL 3.16, 4.4, 6.19 virt/kvm/eventfd.c kvm_deassign_ioeventfd
  #deassign(request: IoeventfdRequest): void {
    const context = this.#host.lookupEventfd(request.fd);
    const busIndex = busOf(request.flags);
    const found = this.#lookup(busIndex, context, request);
    if (found !== null) this.#remove(found);
    if (request.len === 0 && busIndex === KVM_MMIO_BUS) {
      const twin = this.#lookup(KVM_FAST_MMIO_BUS, context, request);
      if (twin !== null && twin.busIndex === KVM_FAST_MMIO_BUS) this.#remove(twin);
    }
    if (found === null) this.#refuseMissing(busIndex, request);
  }

  #lookup(
    busIndex: number,
    context: EventfdContext,
    request: IoeventfdRequest,
  ): Ioeventfd | null {
    const found = this.#host.bus(busIndex).ioeventfd(request);
    return found !== null && found.context === context ? found : null;
  }

  /** Takes one off its bus (off both, where it is one object on two), and frees it as the release does. */
  #remove(ioeventfd: Ioeventfd): void {
    const { rules } = this.#host;
    const bus = this.#host.bus(ioeventfd.busIndex);
    const answer = this.#unregister(bus, ioeventfd);
    if (!bus.dropped) bus.countIoeventfd(-1);
    if (rules.fastMmioBus === "same-object" && ioeventfd.len === 0) {
      const fast = this.#host.bus(KVM_FAST_MMIO_BUS);
      const gone = this.#unregister(fast, ioeventfd) === 0;
      if (gone && rules.fastBusCountsIoeventfds) fast.countIoeventfd(-1);
    }
    if (rules.deassignFreesIn === "eventfd.c" || answer === 0) ioeventfd.destroy();
  }

  /** Up to 4.4 nobody looks whether this worked, and the object is freed all the same. */
  #unregister(bus: IoBus, ioeventfd: Ioeventfd): number {
    const answer = bus.unregister(ioeventfd);
    if (answer !== ENOMEM) return answer;
    if (bus.dropped) this.#host.report(droppedReport(busNames[ioeventfd.busIndex]!));
    else this.#orphan(bus, ioeventfd);
    return answer;
  }

  /** The object is freed, the bus keeps pointing at it. */
  #orphan(bus: IoBus, ioeventfd: Ioeventfd): void {
    const report = (what: string): void =>
      this.#host.report({
        kind: "use-after-free",
        quirk: "deassign-uaf-oom",
        detail: `${what} a freed ioeventfd at ${describe(ioeventfd)}`,
      });
    report("A bus kept");
    bus.orphan(ioeventfd, {
      label: `freed ${ioeventfd.label}`,
      write: (lo, hi, len, vlo, vhi) => {
        if (!ioeventfd.wouldWrite(lo, hi, len, vlo, vhi)) return EOPNOTSUPP;
        report("A guest write reached");
        return 0;
      },
      wouldWrite: (lo, hi, len, vlo, vhi) => ioeventfd.wouldWrite(lo, hi, len, vlo, vhi),
      destroy: () => report("The end of the VM freed once more"),
    });
  }

  #destroyed(ioeventfd: Ioeventfd): void {
    if (ioeventfd.destroyed === 1) this.#list.remove(ioeventfd);
    else {
      this.#host.report({
        kind: "double-free",
        quirk: "fast-double-free",
        detail: `The ioeventfd at ${describe(ioeventfd)} was freed a second time`,
      });
    }
  }

  #refuseCollision(added: Ioeventfd): never {
    added.context.release();
    const shape = { ...added.view, bus: added.busIndex };
    for (const existing of this.#list) {
      const clause = collides(
        this.#host.rules,
        { ...existing.view, bus: existing.busIndex },
        shape,
      );
      if (clause === null) continue;
      throw new KvmError("EEXIST", {
        check: "collision",
        detail: `${describe(added)} collides with registration ${existing.sequence} ` +
          `(${describe(existing)}): ${clauseText[clause]}`,
        collidesWith: existing.view,
        clause,
      });
    }
    throw new Error(`No registration collides with ${describe(added)}, yet its bus says so`);
  }

  #refuseMissing(busIndex: number, request: IoeventfdRequest): never {
    const { lo, hi, len, flags, datamatchLo, datamatchHi } = request;
    const addr = joinWords(lo, hi);
    const value = flags & KVM_IOEVENTFD_FLAG_DATAMATCH
      ? ` datamatch ${hex(joinWords(datamatchLo, datamatchHi))}`
      : "";
    const near = [...this.#list].filter((entry) =>
      entry.busIndex === busIndex && joinWords(entry.lo, entry.hi) === addr
    );
    const hint = near.length === 0
      ? "nothing is registered at this address"
      : `there is ${near.slice(0, 3).map(describe).join(", ")}${near.length > 3 ? ", …" : ""}`;
    const what = `${busNames[busIndex]} ${hex(addr)} len ${hex(len)}${value}`;
    refuse("ENOENT", "not-found", `No registration of this eventfd is ${what}: ${hint}`);
  }
}

const clauseText: Record<NonNullable<ReturnType<typeof collides>>, string> = {
  "existing-zero-length": "it has zero length, which excludes every other at its address",
  "new-zero-length": "zero length excludes every other at its address",
  wildcard: "equal lengths, and one of them takes any value",
  datamatch: "equal lengths and values",
};

// KERNEL 6.19 virt/kvm/eventfd.c ioeventfd_bus_from_flags
function busOf(flags: number): number {
  if (flags & KVM_IOEVENTFD_FLAG_PIO) return KVM_PIO_BUS;
  if (flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY) return KVM_VIRTIO_CCW_NOTIFY_BUS;
  return KVM_MMIO_BUS;
}

function describe(ioeventfd: Ioeventfd): string {
  const { addr, len, datamatch }: RegistrationView = ioeventfd.view;
  const value = datamatch === null ? "" : ` datamatch ${hex(datamatch)}`;
  return `${busNames[ioeventfd.busIndex]} ${hex(addr)} len ${hex(len)}${value}`;
}

function refuse(code: ErrnoName, check: string, detail: string): never {
  throw new KvmError(code, { check, detail });
}

function refuseBus(answer: number, busIndex: number): never {
  const code = errnoName(-answer) ?? "ENOMEM";
  const name = busNames[busIndex];
  if (code === "ENOSPC") {
    const most = hex(NR_IOBUS_DEVS);
    refuse(code, "bus-full", `The ${name} bus holds ${most} devices that are not ioeventfds`);
  }
  refuse(code, "bus-memory", `The ${name} bus array cannot grow`);
}
