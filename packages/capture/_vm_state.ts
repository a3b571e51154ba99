/**
 * One VM of the recording: its model, its doorbells, and where its guest writes.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import type { Access, Seen } from "./_access.ts";
import * as claims from "./_claim.ts";
import { Doorbell, type DoorbellKey, type Tally } from "./_doorbell.ts";
import { inKernelDevices } from "./_in_kernel_device.ts";
import type { ModelVm, RecordedZone } from "./_model_vm.ts";
import { ActiveDoorbells } from "./_near_miss.ts";
import type { Site } from "./_site.ts";
import { SiteTable } from "./_site_table.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { KVM_MMIO_BUS, KVM_PIO_BUS } = uapi;
const { claim } = claims;

/** Entries the ring of coalesced writes holds. */
const ringEntries = 169;

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

/** What a VM is made from. */
export interface VmInit {
  /** Process. */
  readonly process: { readonly pid: number; readonly name: string };
  /** Descriptor, or -1. */
  readonly fd: number;
  /** Model. */
  readonly model: ModelVm;
  /** Model of the other world, or null. */
  readonly imagined: ModelVm | null;
  /** Its creation is in the recording. */
  readonly setupKnown: boolean;
  /** The VM that had the descriptor before, whose counts go on. */
  readonly old: VmState | undefined;
}

/** One VM. */
export class VmState {
  /** Process, pid -1 where the text gives threads alone. */
  readonly process: VmInit["process"];
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
  readonly sites: SiteTable;
  /** Registrations in force. */
  readonly active: ActiveDoorbells = new ActiveDoorbells();
  /** Registrations ever made, by identity. */
  readonly doorbells: Map<string, Doorbell>;
  /** What was seen of each in-kernel device. */
  readonly devices: readonly DeviceEvidence[];
  /** When a set-up call on it last returned. */
  calledAt: number = -Infinity;
  /** Thread that made it. */
  calledBy = -1;
  /** Coalesced writes so far. */
  ringWrites = 0;
  /** Whether the timer has its speaker port too: a flag the recording does not show. */
  speaker: "no timer" | "unknown" | "yes" | "no" = "no timer";
  /** Writes the guest made. */
  writes = 0;
  /** vCPUs created. */
  vcpus = 0;
  /** Threads taken for one of its vCPUs. */
  vcpuThreads = 0;
  #zones: Zone[] = [];
  #epoch: number;

  /** @param init What it is */
  constructor(init: VmInit) {
    this.process = init.process;
    this.fd = init.fd;
    this.model = init.model;
    this.imagined = init.imagined;
    this.setupKnown = init.setupKnown;
    const { old } = init;
    this.sites = old?.sites ?? new SiteTable();
    this.doorbells = old?.doorbells ?? new Map();
    this.devices = old?.devices ?? inKernelDevices.map(() => ({ kernel: 0, userspace: 0 }));
    this.#epoch = old === undefined ? 0 : old.#epoch + 1;
    for (const doorbell of this.doorbells.values()) doorbell.active = false;
  }

  /** `VM 9 of process 19207`. */
  get name(): string {
    return `${this.fd < 0 ? "the VM" : `VM ${this.fd}`} of ${this.process.name}`;
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
    this.writes++;
    access.vm = this;
    access.site = site;
    access.doorbell = site.doorbells.length === 0 ? null : site.match(valueLo, valueHi);
    access.loose = false;
    access.ringFull = false;
    access.withSpeaker = -1;
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
    this.writes++;
    access.vm = this;
    access.site = site;
    access.doorbell = site.doorbells[0] ?? null;
    access.claim = this.model.fastWrite(lo, hi) ? claim.ioeventfd : claim.none;
    access.imagined = this.imagined === null
      ? access.claim
      : this.imagined.fastWrite(lo, hi)
      ? claim.ioeventfd
      : claim.none;
  }

  /** Exits that a write would cause now. */
  owes(access: Seen): number {
    const { bus, lo, hi, len, valueLo, valueHi } = access;
    if (len <= 8) {
      return this.model.probe(bus, lo, hi, len, valueLo, valueHi) === claim.none ? 1 : 0;
    }
    for (let off = 0; off < len; off += 8) {
      const n = Math.min(8, len - off);
      const taken = off === 0
        ? this.model.probe(bus, lo, hi, n, valueLo, valueHi)
        : this.model.probe(bus, (lo + off) | 0, hi, n, 0, 0);
      if (taken === claim.none) return (len - off + 7) >> 3;
    }
    return 0;
  }

  /** The exits seen are those the model expects now, or those of a ring that may be full. */
  explains(access: Seen): boolean {
    if (this.owes(access) === access.seen) return true;
    return access.seen === 1 && this.ringMayBeFull &&
      this.#inZone(access.bus, access.lo, access.hi, access.len);
  }

  /** As many writes went to the ring as it holds: whether userspace took them since, no line says. */
  get ringMayBeFull(): boolean {
    return this.ringWrites >= ringEntries;
  }

  /** Asks what would be if the timer had its speaker port, where no line says whether it has. */
  askWithSpeaker(access: Access): void {
    if (this.speaker !== "unknown" || access.withSpeaker >= 0) return;
    this.model.haveSpeaker(true);
    access.withSpeaker = this.owes(access);
    this.model.haveSpeaker(false);
  }

  /** Writes of a thread were counted for another VM: its ring may hold more than was counted. */
  miscounted(): void {
    this.ringWrites += ringEntries;
  }

  /** The timer has its speaker port in the kernel, or has not after all. */
  setSpeaker(there: boolean): void {
    const before = this.speaker === "yes";
    this.speaker = there ? "yes" : "no";
    if (there === before) return;
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
      if (answer === claim.coalesced || this.#inZone(KVM_MMIO_BUS, at, hi, n)) access.loose = true;
      if (!known && this.#comparesData(at, hi, n)) access.loose = true;
      if (answer === claim.none) break;
      claimed = answer;
      taken = off + n;
    }
    access.claim = taken < len ? claim.none : claimed;
    access.owed = (len - taken + 7) >> 3;
    access.imagined = access.claim;
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
    if (answer !== claim.device || !this.#inZone(bus, lo, hi, len)) return answer;
    if (model === this.model) this.ringWrites++;
    return claim.coalesced;
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

function contains(zone: Zone, first: number, end: number, pio: number): boolean {
  return zone.pio === pio && first >= zone.first && end <= zone.end;
}
