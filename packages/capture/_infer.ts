/**
 * Conclusions from writes that did not exit though nothing in the model takes them: a device or an ioeventfd that no call
 * of the recording made, or a contradiction where all calls are known.
 *
 * @module
 */
import { KVM_MMIO_BUS, KVM_PIO_BUS } from "@ioeventfd/uapi";
import { describePlace, hex64 } from "./_describe.ts";
import { Tally } from "./_doorbell.ts";
import type { Findings } from "./_findings.ts";
import { inKernelDevices, ioapic, lapic, pic, speaker } from "./_in_kernel_device.ts";
import type { Site, ValueCount } from "./_site.ts";
import type { VmState } from "./_vm_state.ts";

/** A registration that no call of the recording made. */
export interface InferredDoorbell {
  /** Bus. */
  readonly bus: number;
  /** Address, low word. */
  readonly lo: number;
  /** High word. */
  readonly hi: number;
  /** 0 where the fast MMIO bus shows it, else unknown. */
  readonly len: 0 | null;
  /** Value it compares, or null. */
  readonly datamatch: ValueCount | null;
  /** Access lengths seen. */
  readonly lengths: readonly number[];
  /** Writes it took. */
  readonly tally: Tally;
}

/**
 * Draws the conclusions of a VM and puts the writes where they belong.
 *
 * @param firstExit Line of the first exit of the recording; Infinity where exits were not recorded
 * @returns Registrations that were inferred
 */
export function inferUnknown(
  vm: VmState,
  findings: Findings,
  firstExit: number,
): InferredDoorbell[] {
  if (!vm.setupKnown) inferEarly(vm, findings, firstExit);
  const strays = vm.sites.all().filter((site) => site.strays > 0);
  inferDevices(vm, findings, strays.filter((site) => site.device >= 0));
  const unknown = strays.filter((site) => site.device < 0);
  if (vm.setupKnown && firstExit === Infinity) {
    for (const site of unknown) toUserspace(site);
    return [];
  }
  if (vm.setupKnown) {
    for (const site of unknown) contradict(site, findings, "nothing in the kernel takes it");
    return [];
  }
  const byPlace = Map.groupBy(unknown, ({ bus, lo, hi }) => `${bus} ${lo} ${hi}`);
  const { ring = [], doorbells = [] } = Object.groupBy(
    byPlace.values(),
    (sites) => isCoalesced(sites) ? "ring" : "doorbells",
  );
  inferZones(vm, findings, ring.flat());
  return doorbells.flatMap((sites) => inferDoorbells(vm, findings, sites));
}

/** Writes before the first exit to where all others exited are no sign of anything in the kernel. */
function inferEarly(vm: VmState, findings: Findings, firstExit: number): void {
  for (const site of vm.sites.all()) {
    const { strays, strayLines, recorded } = site;
    if (strays === 0 || site.device >= 0 || recorded.userspace === 0) continue;
    if (strayLines.length < strays || strayLines.some((line) => line >= firstExit)) continue;
    toUserspace(site);
    const place = describePlace(site.bus, site.lo, site.hi);
    findings.infer(
      `writes to ${place} before line ${firstExit}, the first exit, are taken to have exited as ` +
        "the others did",
    );
  }
}

/** What seemed to stay in the kernel exited after all. */
function toUserspace(site: Site): void {
  for (const counted of [site.recorded, site.imagined]) {
    counted.inKernel -= site.strays;
    counted.userspace += site.strays;
  }
  site.strays = 0;
}

function inferDevices(vm: VmState, findings: Findings, strays: readonly Site[]): void {
  const seen = vm.devices;
  const mixed = (index: number): boolean => seen[index]!.kernel > 0 && seen[index]!.userspace > 0;
  const split = seen[lapic]!.kernel > 0 &&
    (seen[pic]!.userspace > 0 || seen[ioapic]!.userspace > 0);
  for (const [index, { name, call }] of inKernelDevices.entries()) {
    const { kernel } = seen[index]!;
    if (kernel === 0 || (mixed(index) && vm.setupKnown)) continue;
    const how = index === lapic && (split || vm.setupKnown)
      ? "KVM_ENABLE_CAP of a split irqchip"
      : call;
    const accesses = kernel === 1 ? "1 access" : `${kernel} accesses`;
    findings.infer(
      `${vm.name} has its ${name} in the kernel: ${accesses} did not exit, and no ${how} is ` +
        "in the recording",
    );
  }
  if (!vm.setupKnown) return;
  for (const site of strays) {
    if (site.device !== speaker && mixed(site.device)) {
      contradict(site, findings, "other accesses to the device do");
    }
  }
}

function contradict(site: Site, findings: Findings, why: string): void {
  const what = `a ${site.len}-byte write to ${describePlace(site.bus, site.lo, site.hi)} did not ` +
    `exit, though ${why}`;
  for (const line of site.strayLines) findings.contradict(line, what);
  findings.contradictionCount += site.strays - site.strayLines.length;
}

/** Sites of one address, which differ in the access length. */
function inferDoorbells(
  vm: VmState,
  findings: Findings,
  sites: readonly Site[],
): InferredDoorbell[] {
  const { bus, lo, hi } = sites[0]!;
  const place = describePlace(bus, lo, hi);
  const kernel = sites.reduce((sum, site) => sum + site.strays, 0);
  const userspace = sites.reduce((sum, site) => sum + site.recorded.userspace, 0);
  const lengths = sites.map((site) => site.len).filter((len) => len > 0).sort((a, b) => a - b);
  const of = lengths.length === 0 ? "" : ` of ${lengths.join(", ")} bytes`;
  const values = userspace > 0 ? separate(sites) : null;
  if (values !== null) {
    return values.map((value) => {
      const data = hex64(value.lo, value.hi);
      findings.infer(
        `${vm.name} has an ioeventfd at ${place} with datamatch ${data}: ${value.kernel} writes${of} ` +
          "did not exit, those of other values did",
      );
      const tally = new Tally();
      for (const site of sites) move(site, countOf(site, value), "signals", tally);
      return { bus, lo, hi, len: null, datamatch: value, lengths, tally };
    });
  }
  const part = userspace > 0 ? `, for a part of the recording (${userspace} more exited)` : "";
  findings.infer(
    `${vm.name} has an ioeventfd at ${place}: ${kernel} writes${of} did not exit${part}`,
  );
  const tally = new Tally();
  const fast = sites.some((site) => site.len === 0);
  for (const site of sites) move(site, site.strays, "signals", tally);
  return [{ bus, lo, hi, len: fast ? 0 : null, datamatch: null, lengths, tally }];
}

/** Values that never exited, if every value did always or never. */
function separate(sites: readonly Site[]): ValueCount[] | null {
  const all = sites.flatMap((site) => site.values ?? []);
  if (sites.some((site) => site.manyValues) || all.length === 0) return null;
  if (all.some(({ kernel, userspace }) => kernel > 0 && userspace > 0)) return null;
  const taken = all.filter(({ kernel }) => kernel > 0);
  const unique = new Map(taken.map((value) => [hex64(value.lo, value.hi), value]));
  return [...unique.values()];
}

function countOf(site: Site, { lo, hi }: ValueCount): number {
  return site.values?.find((value) => value.lo === lo && value.hi === hi)?.kernel ?? 0;
}

/** Zones of coalesced writes, those of memory as one. */
function inferZones(vm: VmState, findings: Findings, sites: readonly Site[]): void {
  const zones = Map.groupBy(sites, ({ bus, lo }) => bus === KVM_MMIO_BUS ? "memory" : lo);
  for (const zone of zones.values()) {
    zone.sort((a, b) => (a.lo >>> 0) - (b.lo >>> 0));
    const first = zone[0]!;
    const last = zone.at(-1)!;
    const place = describePlace(first.bus, first.lo, first.hi);
    const to = first.lo === last.lo ? "" : ` to ${hex64(last.lo, last.hi)}`;
    const writes = zone.reduce((sum, site) => sum + site.strays, 0);
    for (const site of zone) move(site, site.strays, "coalesced", null);
    findings.infer(
      `${vm.name} has a coalesced zone at ${place}${to}: ${writes} writes did not exit`,
    );
  }
}

/** Ports and memory that VMMs coalesce, and no more exits than a full ring makes. */
function isCoalesced(sites: readonly Site[]): boolean {
  const { bus, lo, hi } = sites[0]!;
  if (hi !== 0) return false;
  const first = lo >>> 0;
  if (bus === KVM_PIO_BUS) return first === 0x70 || (first >= 0xcf8 && first < 0xcfc);
  if (first < 0xa0000 || first >= 0xc0000) return false;
  const kernel = sites.reduce((sum, site) => sum + site.strays, 0);
  const userspace = sites.reduce((sum, site) => sum + site.recorded.userspace, 0);
  return kernel >= userspace;
}

/** Takes writes that were put to a device's account to another. */
function move(
  site: Site,
  writes: number,
  to: "signals" | "coalesced",
  tally: Tally | null,
): void {
  for (const counted of [site.recorded, site.imagined]) {
    counted.inKernel -= writes;
    if (tally === null) counted[to] += writes;
    else counted.writes -= writes;
  }
  if (tally === null) return;
  tally.writes += writes;
  tally[to] += writes;
  tally.timing.merge(site.recorded.timing);
}
