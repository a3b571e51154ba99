/**
 * One VM of the recording: its model, its doorbells, and where its guest writes.
 *
 * @module
 */
import { KVM_FAST_MMIO_BUS, KVM_MMIO_BUS, KVM_PIO_BUS } from "@ioeventfd/uapi";
import { type Access, claim } from "./_access.ts";
import { Doorbell, type DoorbellKey, type Tally } from "./_doorbell.ts";
import { inKernelDevices } from "./_in_kernel_device.ts";
import type { ModelVm, RecordedZone } from "./_model_vm.ts";
import { ActiveDoorbells } from "./_near_miss.ts";
import type { Site } from "./_site.ts";
import { SiteTable } from "./_site_table.ts";

/** Entries the ring of coalesced writes holds. */
export const ringEntries = 169;

/** What was seen of a device that may be in the kernel. */
export interface DeviceEvidence {
  /** Accesses without an exit. */
  kernel: number;
  /** Accesses with one. */
  userspace: number;
}

/** A coalesced zone; addresses below 2^53 are exact. */
interface Zone {
  readonly first: number;
  readonly end: number;
  readonly pio: number;
}

/** One VM. */
export class VmState {
  /** Process, or -1 where the text gives none. */
  readonly pid: number;
  /** Descriptor of the VM in its process, or -1 where no line names it. */
  fd: number;
  /** The recording has all of its set-up calls: its creation is in it, and nothing was lost since. */
  setupKnown: boolean;
  /** Line from which events are missing, or 0. */
  lostLine = 0;
  /** The model. */
  readonly model: ModelVm;
  /** The model in the other world, or null. */
  readonly imagined: ModelVm | null;
  /** Where the guest writes. */
  readonly sites: SiteTable = new SiteTable();
  /** Registrations in force. */
  readonly active: ActiveDoorbells = new ActiveDoorbells();
  /** Registrations ever made, by identity. */
  readonly doorbells: Map<string, Doorbell> = new Map();
  /** What was seen of each in-kernel device. */
  readonly devices: readonly DeviceEvidence[] = inKernelDevices.map(() => ({
    kernel: 0,
    userspace: 0,
  }));
  /** Coalesced writes: as many may be in the ring, up to its size. */
  ringWrites = 0;
  /** Whether the timer has its speaker port too: a flag the recording does not show. */
  speaker: "no timer" | "unknown" | "yes" | "no" = "no timer";
  /** vCPUs created. */
  vcpus = 0;
  /** Threads taken for one of its vCPUs. */
  vcpuThreads = 0;
  /** The descriptor was closed or used again. */
  ended = false;
  #zones: Zone[] = [];
  #epoch = 0;

  /** @param pid Process @param fd Descriptor @param model Model @param imagined Model of the other world */
  constructor(pid: number, fd: number, model: ModelVm, imagined: ModelVm | null, known: boolean) {
    this.pid = pid;
    this.fd = fd;
    this.model = model;
    this.imagined = imagined;
    this.setupKnown = known;
  }

  /** `VM 9 of process 19207`. */
  get name(): string {
    const process = this.pid < 0 ? "" : ` of process ${this.pid}`;
    return this.fd < 0 ? `the VM${process}` : `VM ${this.fd}${process}`;
  }

  /** Something about the buses changed: what sites remember is out of date. */
  changed(): void {
    this.#epoch++;
  }

  /** A registration, new or known. */
  doorbell(key: DoorbellKey, line: number): Doorbell {
    const { bus, lo, hi, len, wildcard, datamatchLo, datamatchHi } = key;
    const name = `${bus} ${lo} ${hi} ${len} ${wildcard ? "" : `${datamatchLo} ${datamatchHi}`}`;
    let doorbell = this.doorbells.get(name);
    if (doorbell === undefined) this.doorbells.set(name, doorbell = new Doorbell(key, line));
    return doorbell;
  }

  /** Coalesced zones in force. */
  zone({ addr, size, pio }: RecordedZone, register: boolean): void {
    const zone = { first: Number(addr), end: Number(addr) + (size >>> 0), pio };
    if (register) this.#zones.push(zone);
    else this.#zones = this.#zones.filter((one) => !contains(one, zone.first, zone.end, pio));
    this.changed();
  }

  /** Asks the models who takes a write, and notes it in the access. */
  ask(access: Access): void {
    const { bus, lo, hi, len, valueLo, valueHi } = access;
    const site = this.sites.at(bus, lo, hi, len);
    if (site.epoch !== this.#epoch) this.#refresh(site);
    access.site = site;
    access.doorbell = site.doorbells.length === 0 ? null : site.match(valueLo, valueHi);
    access.loose = false;
    access.ringFull = false;
    access.seen = 0;
    if (len > 8) {
      this.#askWide(access);
      return;
    }
    access.claim = this.#claim(this.model, bus, lo, hi, len, valueLo, valueHi);
    access.imagined = this.imagined === null
      ? access.claim
      : this.#claim(this.imagined, bus, lo, hi, len, valueLo, valueHi);
    access.ringFull = access.claim === claim.none && this.#inZone(bus, lo, hi, len);
    access.most = 1;
    access.owed = access.claim === claim.none ? 1 : 0;
  }

  /** Asks the models for a write on the fast MMIO bus. */
  askFast(access: Access): void {
    const { bus, lo, hi } = access;
    const site = this.sites.at(bus, lo, hi, 0);
    if (site.epoch !== this.#epoch) this.#refresh(site);
    access.site = site;
    access.doorbell = site.doorbells[0] ?? null;
    access.claim = this.model.fastWrite(lo, hi) ? claim.ioeventfd : claim.none;
    access.imagined = this.imagined === null
      ? access.claim
      : this.imagined.fastWrite(lo, hi)
      ? claim.ioeventfd
      : claim.none;
  }

  /** Who would take a write now. */
  probe(access: Omit<Access, "set">): number {
    const { bus, lo, hi, len, valueLo, valueHi } = access;
    return len > 8 ? access.claim : this.model.probe(bus, lo, hi, len, valueLo, valueHi);
  }

  /** The timer has its speaker port in the kernel, or has not after all. */
  setSpeaker(there: boolean): void {
    if (there === (this.speaker === "yes")) return;
    this.speaker = there ? "yes" : "no";
    this.model.haveSpeaker(there);
    this.imagined?.haveSpeaker(there);
    this.changed();
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c vcpu_mmio_write: 8 bytes at a time up to the first that nobody takes
  #askWide(access: Access): void {
    const { lo, hi, len } = access;
    access.most = (len + 7) >> 3;
    let taken = 0;
    let claimed: number = claim.none;
    let imagined: number = claim.none;
    for (let off = 0; off < len; off += 8) {
      const known = off === 0;
      const n = Math.min(8, len - off);
      const at = (lo + off) | 0;
      const answer = this.#claim(
        this.model,
        KVM_MMIO_BUS,
        at,
        hi,
        n,
        known ? access.valueLo : 0,
        known ? access.valueHi : 0,
      );
      if (!known && this.#comparesData(at, hi, n)) access.loose = true;
      if (answer === claim.none) break;
      claimed = answer;
      taken = off + n;
    }
    access.claim = taken < len ? claim.none : claimed;
    access.owed = (len - taken + 7) >> 3;
    imagined = access.claim;
    access.imagined = imagined;
  }

  #comparesData(lo: number, hi: number, len: number): boolean {
    return this.active.at(KVM_MMIO_BUS, lo, hi).some((one) =>
      one.key.len === len && !one.key.wildcard
    );
  }

  #claim(
    model: ModelVm,
    bus: number,
    lo: number,
    hi: number,
    len: number,
    valueLo: number,
    valueHi: number,
  ): number {
    const answer = model.write(bus, lo, hi, len, valueLo, valueHi);
    if (answer !== claim.device) return answer;
    return this.#inZone(bus, lo, hi, len) ? claim.coalesced : answer;
  }

  #inZone(bus: number, lo: number, hi: number, len: number): boolean {
    if (this.#zones.length === 0) return false;
    const first = (hi >>> 0) * 2 ** 32 + (lo >>> 0);
    const pio = bus === KVM_PIO_BUS ? 1 : 0;
    for (const zone of this.#zones) if (contains(zone, first, first + len, pio)) return true;
    return false;
  }

  #refresh(site: Site): void {
    const { bus, lo, hi, len } = site;
    site.doorbells = this.active.at(bus, lo, hi).filter(({ key }) =>
      key.lo === lo && key.hi === hi && (key.len === 0 || key.len === len)
    );
    site.almost(this.active.nearest(bus, lo, hi, len));
    site.epoch = this.#epoch;
  }
}

/** Counts an outcome. */
export function tally(to: Tally, outcome: number): void {
  to.writes++;
  if (outcome === claim.none) to.userspace++;
  else if (outcome === claim.ioeventfd) to.signals++;
  else if (outcome === claim.coalesced) to.coalesced++;
  else to.inKernel++;
}

/** The bus of a doorbell for people. */
export function busName(bus: number): "mmio" | "pio" | "ccw" {
  if (bus === KVM_PIO_BUS) return "pio";
  return bus === KVM_MMIO_BUS || bus === KVM_FAST_MMIO_BUS ? "mmio" : "ccw";
}

function contains(zone: Zone, first: number, end: number, pio: number): boolean {
  return zone.pio === pio && first >= zone.first && end <= zone.end;
}
