/**
 * One kick, step by step, as the model ran it.
 *
 * @module
 */
import { accessPaths, accessWork, type Doorbell, mmioDoorbell, Stage } from "@ioeventfd/scenario";
import type { KernelRelease, SlotMemory, Work } from "@ioeventfd/scenario";
import { modelledCycles, VmxBackend } from "@ioeventfd/vmx-sim";

/** A guest page-table entry that KVM read. */
export interface WalkEntry {
  /** What the kernel calls the entry: `PML4E`. */
  readonly level: string;
  /** Index in its table. */
  readonly index: number;
  /** Its guest physical address. */
  readonly at: bigint;
  /** What it holds. */
  readonly value: bigint;
}

/** A line that the kernel's tracepoints would print. */
export interface TraceLine {
  /** Name of the tracepoint. */
  readonly name: string;
  /** Its text. */
  readonly text: string;
}

/** One kick over one path, after the first to its page. */
export interface KickStory {
  /** Which doorbell it is. */
  readonly title: string;
  /** Path of the exit, as the counters name it. */
  readonly path: string;
  /** Whether the release asks a fast MMIO bus at all. */
  readonly hasFastBus: boolean;
  /** Counted: KVM's work. */
  readonly work: Work;
  /** Modelled: cycles. */
  readonly cycles: number;
  /** Counted: signals of its eventfd. */
  readonly signals: number;
  /** Counted: exits to userspace. */
  readonly userspaceExits: number;
  /** Where the guest writes. */
  readonly addr: bigint;
  /** Bytes it writes. */
  readonly len: number;
  /** Where the instruction is. */
  readonly rip: bigint;
  /** The page-table entries that lead to the instruction; empty where KVM did not fetch it. */
  readonly fetchWalk: readonly WalkEntry[];
  /** Those that lead to the address; empty where KVM took it from the exit. */
  readonly dataWalk: readonly WalkEntry[];
  /** Tracepoints from the exit to the entry. */
  readonly trace: readonly TraceLine[];
}

const notify = 0xfebf_b000n;
const kickBytes = 2;

/**
 * Rings a doorbell of length 0, one of length 2 and one that nothing is registered for, and keeps what happened.
 *
 * @param release Kernel release
 * @returns Three stories, the shortest first where the release has a fast path
 *
 * @example
 * ```ts
 * import { kickStories } from "@ioeventfd/report";
 * import { latestRelease } from "@ioeventfd/uapi";
 *
 * const [fast, slow] = kickStories(latestRelease);
 * if (fast?.fetchWalk.length !== 0 || slow?.fetchWalk.length === 0) throw new Error("no walk but one");
 * ```
 */
export function kickStories(release: KernelRelease): KickStory[] {
  return [
    tell("ioeventfd of length 0", release, mmioDoorbell(notify)),
    tell("ioeventfd of length 2", release, mmioDoorbell(notify, kickBytes)),
    tell("no ioeventfd", release, null),
  ];
}

function tell(title: string, release: KernelRelease, doorbell: Doorbell | null): KickStory {
  let trace: TraceLine[] = [];
  const sink = { event: (name: string, text: string) => void trace.push({ name, text }) };
  using stage = new Stage(new VmxBackend({ release, counting: true, trace: sink }), { release });
  const { vm, cpu } = stage.machine("prot64");
  const kick = stage.eventfd("kick");
  if (doorbell !== null) {
    const allowed = doorbell.match.len !== 0 || release.ioeventfd.zeroLengthMmio;
    if (allowed) vm.assign(doorbell, kick);
  }
  cpu.store(notify, kickBytes); // the first touch installs the MMIO SPTE
  trace = [];
  const before = kick.count();
  const exits = cpu.store(notify, kickBytes).length;
  const counts = cpu.work ?? {};
  const work = accessWork(counts);
  const about = aboutKick(trace);
  const rip = ripOf(about);
  const { cr3 } = cpu.vcpu.getSregs();
  return {
    title,
    path: accessPaths(counts).join(", "),
    hasFastBus: release.x86.fastMmio,
    work,
    cycles: modelledCycles(work),
    signals: Number(kick.count() - before),
    userspaceExits: exits,
    addr: notify,
    len: kickBytes,
    rip,
    fetchWalk: walk(vm.memory, cr3, rip, work.fetchPageTableReads),
    dataWalk: walk(vm.memory, cr3, notify, work.dataPageTableReads),
    trace: about,
  };
}

/** From the exit of the kick to what comes before the HLT's. */
function aboutKick(trace: readonly TraceLine[]): TraceLine[] {
  const start = trace.findIndex(({ name, text }) => name === "kvm_exit" && /EPT_/.test(text));
  const end = trace.findIndex(({ name }, i) => i > start && name === "kvm_entry");
  return trace.slice(Math.max(start, 0), end < 0 ? undefined : end + 1);
}

function ripOf(trace: readonly TraceLine[]): bigint {
  const found = /\brip (0x[0-9a-f]+)/.exec(trace[0]?.text ?? "");
  return BigInt(found?.[1] ?? 0);
}

const levels = ["PML4E", "PDPTE", "PDE", "PTE"] as const;
const addressBits = 0x000f_ffff_ffff_f000n;

/** The entries of four-level tables from CR3 on, as many as were counted. */
function walk(memory: SlotMemory, cr3: bigint, linear: bigint, reads: number): WalkEntry[] {
  const entries: WalkEntry[] = [];
  let table = cr3 & addressBits;
  for (const [i, level] of levels.entries()) {
    if (entries.length === reads) break;
    const index = Number((linear >> BigInt(39 - 9 * i)) & 0x1ffn);
    const at = table + BigInt(index * 8);
    const bytes = memory.view(at, 8);
    const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
    entries.push({ level, index, at, value });
    table = value & addressBits;
  }
  return entries;
}
