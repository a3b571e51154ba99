/**
 * The bpftrace program that `ioeventfd record` runs.
 *
 * @module
 */
import { kvmTracepoints, recordedTracepoints } from "./_record_tracepoints.ts";
import { descriptorClauses, descriptorTracepoints, setupClauses } from "./_record_clauses.ts";

/** Groups of events that can be left out of a recording. */
export type RecordGroup = "kvm_exit" | "kvm_page_fault" | "eventfd";

/** Groups of events that can be left out of a recording. */
export const recordGroups: readonly RecordGroup[] = ["kvm_exit", "kvm_page_fault", "eventfd"];

/** An eventfd that a process had before the recording. */
export interface KnownEventfd {
  /** Process. */
  readonly pid: number;
  /** Descriptor. */
  readonly fd: number;
}

/** What to record. */
export interface RecordProgramOptions {
  /** Processes whose calls and guests are recorded, with all they start. */
  readonly pids: readonly number[];
  /** Process that takes the recording; when it ends, the program does. */
  readonly recorder: number;
  /** Process whose end ends the program too. */
  readonly until?: number;
  /** Fields of each tracepoint this host has, by name such as `kvm:kvm_pio`. */
  readonly tracepoints: ReadonlyMap<string, readonly string[]>;
  /** Eventfds there already are. */
  readonly eventfds?: readonly KnownEventfd[];
  /** Groups left out. */
  readonly without?: readonly RecordGroup[];
}

/** Tracepoints without which there is no recording. */
export const neededTracepoints: readonly string[] = [
  "kvm:kvm_mmio",
  "kvm:kvm_pio",
  "kvm:kvm_userspace_exit",
];

/** Tracepoints that bpftrace needs to see set-up calls and new processes. */
export const neededByProgram: readonly string[] = [
  ...neededTracepoints,
  "syscalls:sys_enter_ioctl",
  "syscalls:sys_exit_ioctl",
  "task:task_newtask",
];

/** Tracepoints that the program uses where the host has them, the needed ones included. */
export const usedTracepoints: readonly string[] = [
  ...new Set([
    ...neededByProgram,
    "sched:sched_process_exit",
    ...recordedTracepoints,
    ...descriptorTracepoints,
  ]),
];

/**
 * What the program prints once the first of its tracepoints is attached, and once the last is: with both lines there,
 * everything is recorded. The recorder makes it look by an ioctl of its own, on any descriptor.
 */
export const readyLines: readonly [string, string] = ["ready: first", "ready: last"];

/**
 * Writes the program. Its lines are those of `captures/capture.bt`, and for what that does not record
 * `KVM_ENABLE_CAP`, `KVM_CREATE_PIT2`, `KVM_SET_USER_MEMORY_REGION2`, `kvm_exit`, `kvm_page_fault`, `eventfd`,
 * `eventfd_read`, `eventfd_write`, `dup` and `close`. Times are CLOCK_MONOTONIC in nanoseconds.
 *
 * @param options Whom to record, and what the host has
 * @returns Text for `bpftrace -e`
 * @throws {RangeError} when a tracepoint of {@linkcode neededByProgram} is not there
 *
 * @example
 * ```ts
 * import { neededByProgram, recordProgram } from "@ioeventfd/capture";
 *
 * const tracepoints = new Map(neededByProgram.map((name) => [name, [] as string[]]));
 * const program = recordProgram({ pids: [42], recorder: 41, tracepoints });
 * if (!program.includes("tracepoint:kvm:kvm_mmio")) throw new Error("guest writes are recorded");
 * if (program.includes("kvm_fast_mmio")) throw new Error("this host has no such tracepoint");
 * ```
 */
export function recordProgram(options: RecordProgramOptions): string {
  const { pids, recorder, until, tracepoints, eventfds = [], without = [] } = options;
  const lacking = neededByProgram.filter((name) => !tracepoints.has(name));
  if (lacking.length > 0) throw new RangeError(`No tracepoint ${lacking.join(", ")} on this host`);
  const known = without.includes("eventfd")
    ? []
    : eventfds.map(({ pid, fd }) => `@efd[(uint64)${pid}, (uint64)${fd}] = 1;`);
  const descriptors = without.includes("eventfd") ? [] : descriptorClauses(tracepoints);
  const clauses = [
    ready(0, recorder),
    ...followClauses([recorder, ...(until === undefined ? [] : [until])], tracepoints),
    ...setupClauses(descriptors.length > 0),
    ...descriptors,
    ...kvmTracepoints(tracepoints, without),
    ready(1, recorder),
  ];
  const body = clauses.join("\n");
  const maps = [...new Set([...body.matchAll(/@\w+/g), ["@watched"]].map(([name]) => name))];
  return [
    header,
    `BEGIN { ${[...pids.map((pid) => `@watched[(uint64)${pid}] = 1;`), ...known].join(" ")} }`,
    body,
    `END { ${maps.map((name) => `clear(${name});`).join(" ")} }`,
    "",
  ].join("\n");
}

const header = `/* KVM set-up calls and guest I/O of one VMM, CLOCK_MONOTONIC ns. */
struct ioeventfd_args { unsigned long long datamatch; unsigned long long addr; unsigned int len; int fd; unsigned int flags; };
struct irqfd_args { int fd; unsigned int gsi; unsigned int flags; int resamplefd; };
struct region_args { unsigned int slot; unsigned int flags; unsigned long long gpa; unsigned long long size; };
struct zone_args { unsigned long long addr; unsigned int size; unsigned int pio; };
struct cap_args { unsigned int cap; unsigned int flags; unsigned long long a0; unsigned long long a1; };
struct pit_args { unsigned int flags; };
struct value64 { unsigned long long value; };`;

function ready(which: 0 | 1, recorder: number): string {
  const seen = `@ready${which}`;
  return `tracepoint:syscalls:sys_enter_ioctl /pid == ${recorder} && ${seen} == 0/ { ${seen} = 1; ` +
    `printf("${readyLines[which]}\\n"); }`;
}

/** Processes that the watched ones start; and the end of those without which the program has no use. */
function followClauses(
  lasting: readonly number[],
  tracepoints: ReadonlyMap<string, readonly string[]>,
): string[] {
  // KERNEL 6.19 include/uapi/linux/sched.h CLONE_THREAD
  const follow = "tracepoint:task:task_newtask " +
    "/@watched[(uint64)pid] && (args->clone_flags & 0x10000) == 0/ " +
    "{ @watched[(uint64)args->pid] = 1; }";
  if (!tracepoints.has("sched:sched_process_exit")) return [follow];
  const ended = lasting.map((pid) => `tid == ${pid}`).join(" || ");
  return [follow, `tracepoint:sched:sched_process_exit /${ended}/ { exit(); }`];
}
