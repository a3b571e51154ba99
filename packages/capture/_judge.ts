/**
 * Compares what the model says of an access with what the recording shows, and counts it.
 *
 * @module
 */
import { KVM_PIO_BUS } from "@ioeventfd/uapi";
import type { Access, Seen } from "./_access.ts";
import { claim } from "./_claim.ts";
import { describeAccess, describeDoorbell, describePlace, hex64 } from "./_describe.ts";
import type { Tally } from "./_doorbell.ts";
import type { Findings } from "./_findings.ts";
import { inKernelDevices, speaker } from "./_in_kernel_device.ts";
import type { Site } from "./_site.ts";
import { tally, type VmState } from "./_vm_state.ts";
import type { WriteTeller } from "./_write_teller.ts";

/** A set-up call takes effect before its line: this long at most. */
const inFlightNs = 200e6;
const remembered = 32;

/** A disagreement that a set-up call still in flight may yet explain. */
interface Doubt {
  readonly vm: VmState;
  readonly access: Seen;
  /** The other part of a store across pages: either may have caused the exits. */
  readonly partner: Seen | null;
  readonly what: string | null;
}

/** Judges accesses of all VMs. */
export class Judge {
  readonly #findings: Findings;
  readonly #told: WriteTeller | null;
  #doubts: Doubt[] = [];

  /** @param findings Where disagreements go @param told Who wants to know of each write */
  constructor(findings: Findings, told: WriteTeller | null = null) {
    this.#findings = findings;
    this.#told = told;
  }

  /**
   * The recording has shown the exits of a write.
   *
   * @param vm Its VM @param access The write, with the exits seen @param partner The other part of a store across pages
   */
  settle(vm: VmState, access: Access, partner: Access | null = null): void {
    const site = access.site!;
    const exited = access.seen > 0;
    const asked = access.claim;
    if (access.ringFull) this.#ringWasFull(vm, access);
    if (access.seen !== access.owed && !access.loose) this.#disagree(vm, access, partner);
    const known = access.claim !== claim.none;
    let outcome: number = claim.none;
    if (!exited) outcome = known ? access.claim : claim.device;
    this.#count(access, site, outcome, asked);
    if (site.device >= 0 && !access.unsure) this.#saw(vm, site.device, exited, known);
    if (!vm.setupKnown && !known) site.note(access.valueLo, access.valueHi, exited);
    if (exited && access.doorbell === null) site.missed(access.line);
  }

  /** An access to where KVM may have a device. */
  #saw(vm: VmState, device: number, exited: boolean, known: boolean): void {
    const seen = vm.devices[device]!;
    if (exited) seen.userspace++;
    else if (!known) seen.kernel++;
    if (device === speaker && (exited || !known)) this.#speakerSeen(vm, exited);
  }

  /** The recording has shown what became of a read where KVM may have a device. */
  readAtDevice(vm: VmState, device: number, inKernel: boolean, answered: boolean): void {
    this.#saw(vm, device, !inKernel, answered);
  }

  #speakerSeen(vm: VmState, exited: boolean): void {
    if (vm.speaker === "no timer") return;
    vm.setSpeaker(!exited);
    this.#reconsider((doubt) => doubt.vm === vm);
  }

  /** A write on the fast MMIO bus, which never exits. */
  settleFast(vm: VmState, access: Access): void {
    const site = access.site!;
    const known = access.claim !== claim.none;
    if (!known) site.stray(access.line);
    this.#count(access, site, known ? access.claim : claim.device, access.claim);
    if (known || !vm.setupKnown) return;
    this.#findings.contradict(
      access.line,
      `the fast MMIO bus took a write to ${hex64(access.lo, access.hi)}, where no ioeventfd has ` +
        "length 0",
    );
  }

  /** A read that nothing in the model answers did not exit, or the reverse. */
  strangeRead(
    vm: VmState,
    line: number,
    bus: number,
    lo: number,
    hi: number,
    inKernel: boolean,
  ): void {
    const place = describePlace(bus, lo, hi);
    const what = inKernel
      ? `a read of ${place} did not exit, though nothing in the kernel answers it`
      : `a read of ${place} exited to userspace, though a device in the kernel answers it`;
    if (vm.setupKnown) this.#findings.contradict(line, what);
    else this.#findings.infer(`${what}: the set-up of ${vm.name} is not in the recording`);
  }

  #count(access: Access, site: Site, outcome: number, asked: number): void {
    const counted: { recorded: Tally; imagined: Tally } = access.doorbell ?? site;
    this.#told?.tell(access, outcome, counted.recorded.timing);
    tally(counted.recorded, outcome);
    counted.recorded.timing.add(access.time);
    // What only the recording knows (devices no line names, when a ring was drained) stays as it was in the other world.
    const imagined = access.imagined === asked ? outcome : access.imagined;
    tally(counted.imagined, imagined);
    if (outcome === claim.none && imagined !== claim.none) counted.imagined.saved++;
    if (outcome !== claim.none && imagined === claim.none) counted.imagined.added++;
  }

  #disagree(vm: VmState, access: Access, partner: Access | null): void {
    const site = access.site!;
    const mayBeSpeaker = vm.speaker === "unknown" && access.bus === KVM_PIO_BUS &&
      site.device !== speaker && !access.unsure;
    if (mayBeSpeaker && this.#speakerExplains(vm, access)) return;
    const calledSince = vm.calledAt >= access.time && vm.calledBy !== access.thread;
    if (calledSince && vm.explains(access)) return this.#inferInFlight(vm);
    if (access.seen === 0) {
      if (vm.setupKnown && site.device < 0) this.#doubt({ vm, access, partner, what: null });
      site.stray(access.line);
      return;
    }
    if (access.claim === claim.coalesced && vm.ringMayBeFull) return;
    const more = access.seen > access.owed;
    if (!vm.setupKnown) {
      const place = describePlace(access.bus, access.lo, access.hi);
      this.#findings.infer(
        more
          ? `writes to ${place} exited, though ${this.#taker(access)} takes them: ${
            this.#unknown(vm)
          }`
          : `a part of writes of ${access.len} bytes to ${place} did not exit: ${
            this.#unknown(vm)
          }`,
      );
      return;
    }
    const what = more
      ? `${describeAccess(access)} exited to userspace, though ${this.#taker(access)} takes it`
      : `a part of ${describeAccess(access)} did not exit, though nothing in the kernel takes it`;
    this.#doubt({ vm, access, partner, what });
  }

  #unknown(vm: VmState): string {
    return vm.lostLine > 0
      ? `events were lost at line ${vm.lostLine}`
      : `the set-up of ${vm.name} is not all in the recording`;
  }

  #taker(access: Access): string {
    const { claim: by, doorbell, site } = access;
    if (by === claim.coalesced) return "a coalesced zone";
    if (by === claim.ioeventfd && doorbell !== null) return describeDoorbell(doorbell.key);
    const device = site!.device;
    return device >= 0
      ? `the in-kernel ${inKernelDevices[device]!.name}`
      : "a device in the kernel";
  }

  /** The model's ring had no room left. No exit means that another thread of the VMM took what it held. */
  #ringWasFull(vm: VmState, access: Access): void {
    if (access.seen > 0) return;
    vm.model.drainRing();
    access.claim = claim.coalesced;
    access.owed = 0;
    this.#findings.infer(
      `the ring of coalesced writes of ${vm.name} was drained between two exits`,
    );
  }

  /**
   * A device more or less on the bus moves the middle its search starts from, which decides whether it finds what lies
   * under overlapping ranges. The speaker port is the one device a recording may be silent about.
   */
  #speakerExplains(vm: VmState, access: Access): boolean {
    vm.askWithSpeaker(access);
    if (access.withSpeaker === access.seen) {
      vm.setSpeaker(true);
      access.owed = access.seen;
      if (access.seen > 0) access.claim = claim.none;
      else access.claim = access.doorbell === null ? claim.device : claim.ioeventfd;
      this.#findings.infer(
        `${vm.name} has the speaker port of its timer in the kernel: the search of the bus shows it`,
      );
      return true;
    }
    return false;
  }

  #inferInFlight(vm: VmState): void {
    this.#findings.infer(`a set-up call on ${vm.name} was in force before its line came`);
  }

  #doubt({ access, partner, ...doubt }: Doubt): void {
    const copy = partner === null ? null : { ...partner };
    this.#doubts.push({ ...doubt, access: { ...access }, partner: copy });
    if (this.#doubts.length > remembered) this.#confirm(this.#doubts.shift()!);
  }

  /** A doubt that nothing explained is a contradiction. Strays are judged at the end, by their site. */
  #confirm({ access, what }: Doubt): void {
    if (access.unsure) {
      if (what === null) access.site!.notStray(access.line);
      this.#findings.infer(
        "threads were taken for those of another VM of their process for a while",
      );
    } else if (what !== null) this.#findings.contradict(access.line, what);
  }

  /**
   * A set-up call was made: it may have been in force before its line came, on the other threads.
   *
   * @param vm Its VM @param thread Thread that made it @param time Nanoseconds
   */
  setupCalled(vm: VmState, thread: number, time: number): void {
    vm.calledAt = time;
    vm.calledBy = thread;
    if (this.#doubts.length === 0) return;
    const late = (doubt: Doubt): boolean => time - doubt.access.time > inFlightNs;
    for (const doubt of this.#doubts) if (doubt.vm === vm && late(doubt)) this.#confirm(doubt);
    this.#doubts = this.#doubts.filter((doubt) => doubt.vm !== vm || !late(doubt));
    const explained = this.#reconsider((doubt) =>
      doubt.vm === vm && doubt.access.thread !== thread
    );
    for (let i = 0; i < explained; i++) this.#inferInFlight(vm);
  }

  /** A thread was taken for one of another VM's: what was doubtful there may be right here. */
  otherVm(thread: number, vm: VmState): void {
    this.#reconsider((doubt) => doubt.access.thread === thread, vm);
  }

  /** Asks the model again about doubts; those it now agrees on are none. */
  #reconsider(which: (doubt: Doubt) => boolean, of?: VmState): number {
    const before = this.#doubts.length;
    this.#doubts = this.#doubts.filter((doubt) => {
      const { vm, access } = doubt;
      if (!which(doubt) || !explained(of ?? vm, doubt)) return true;
      if (access.seen === 0) access.site!.notStray(access.line);
      return false;
    });
    return before - this.#doubts.length;
  }

  /** The recording ends: doubts that are left are contradictions. */
  finish(): void {
    for (const doubt of this.#doubts) this.#confirm(doubt);
    this.#doubts = [];
  }
}

/** A VM as it is now would have caused the exits. */
function explained(vm: VmState, { access, partner }: Doubt): boolean {
  if (vm.explains(access)) return true;
  return partner !== null && vm.owes(access) + vm.owes(partner) === access.seen + partner.seen;
}
