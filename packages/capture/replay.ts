/**
 * Replays a recording on the model.
 *
 * @module
 */
import { type KernelRelease, latestRelease } from "@ioeventfd/uapi";
import * as uapi from "@ioeventfd/uapi";
import { conclude, type Gathered } from "./_conclude.ts";
import { Counts } from "./_counts.ts";
import { Findings } from "./_findings.ts";
import { Judge } from "./_judge.ts";
import { type OtherWorld, ProcessState } from "./_process_state.ts";
import { Setup } from "./_setup.ts";
import { TracerEdges } from "./_tracer_edges.ts";
import { enablesSplitIrqchip, type SetupCall } from "./_setup_call.ts";
import { VcpuThread } from "./_vcpu_thread.ts";
import { WriteTeller } from "./_write_teller.ts";
import { EventQueue } from "./event_queue.ts";
import { readTrace, type TraceSource } from "./read_trace.ts";
import type { ReplayReport } from "./replay_report.ts";
import { type ReplaySoFar, sumUp } from "./replay_so_far.ts";
import type { ReplayedWrite } from "./replayed_write.ts";
import * as traceEvent from "./trace_event.ts";
import { TraceParser } from "./trace_parser.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const {
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT,
  KVM_CREATE_PIT2,
  KVM_CREATE_VCPU,
  KVM_CREATE_VM,
  KVM_EXIT_IO,
  KVM_EXIT_MMIO,
} = uapi;
const { column, eventKind } = traceEvent;

/** A recording that grows is shown this far behind its last event. */
const lateNs = 100e6;

/** How to replay. */
export interface ReplayOptions {
  /** Rules of the kernel that was recorded; the latest unless told otherwise. */
  readonly recordedOn?: KernelRelease;
  /** What if it had been this kernel. */
  readonly kernel?: KernelRelease;
  /** What if every doorbell had length 0. */
  readonly whatIf?: "zero-length";
  /** Called for each write as it is judged; the object is filled anew each time. */
  readonly onWrite?: (write: ReplayedWrite) => void;
  /** Called as the recording is read, with the bytes read so far; may wait. */
  readonly onProgress?: (bytesRead: number) => void | Promise<void>;
}

/**
 * Replays a recording of a VMM: its registrations build VMs in the model, each guest write goes through the model's
 * bus, and each exit to userspace is matched to the access that caused it.
 *
 * @param source Text of a bpftrace script, tracefs, `trace-cmd report` or `perf script`; gzip too
 * @param options Kernel, what-if
 * @returns Doorbells, outcomes, exits, disagreements
 * @throws {CaptureError} for what is no recording
 *
 * @example One OUT that exits and one that does not
 * ```ts
 * import { replay } from "@ioeventfd/capture";
 *
 * const text = `1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
 * 1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xc010 len 2 fd 5 flags 0x2 ret 0
 * 1200 7/7 vmm ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6
 * 2000 7/7 vmm kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0
 * 2100 7/7 vmm kvm_pio: rw 1 port 0xc012 size 1 count 1 val 0x1
 * 2200 7/7 vmm kvm_userspace_exit: reason 2 errno 0
 * `;
 * const report = await replay(new TextEncoder().encode(text));
 * if (report.outcomes.ioeventfd !== 1 || report.outcomes.userspace !== 1) throw new Error("one each");
 * if (report.exits.unexplained !== 0) throw new Error("every exit is explained");
 * ```
 */
export async function replay(
  source: TraceSource,
  options: ReplayOptions = {},
): Promise<ReplayReport> {
  const replayer = new Replayer(options);
  await readTrace(source, replayer.parser, options.onProgress);
  return replayer.finish();
}

/** A replay in progress: feed its parser, then finish it. */
export class Replayer {
  /** Takes the bytes. */
  readonly parser: TraceParser;
  readonly #queue: EventQueue;
  readonly #release: KernelRelease;
  readonly #other: OtherWorld | null;
  readonly #counts = new Counts();
  readonly #findings = new Findings();
  readonly #edges: TracerEdges;
  readonly #judge: Judge;
  readonly #setup: Setup;
  readonly #processes = new Map<string, ProcessState>();
  /** vCPU threads by index of the thread. */
  readonly #vcpus: (VcpuThread | undefined)[] = [];
  #first = Infinity;
  #last = -Infinity;

  /**
   * Starts a replay.
   *
   * @param options Kernel, what-if
   */
  constructor(options: ReplayOptions = {}) {
    this.#release = options.recordedOn ?? latestRelease;
    this.#other = otherWorld(options, this.#release);
    const { onWrite } = options;
    this.#judge = new Judge(
      this.#findings,
      onWrite === undefined ? null : new WriteTeller(onWrite),
    );
    this.#edges = new TracerEdges(this.#findings, this.#counts.exits);
    this.#setup = new Setup(this.#findings, this.#other);
    this.#queue = new EventQueue((words, row, time) => this.#event(words, row, time));
    this.parser = new TraceParser((batch) => this.#queue.push(batch));
  }

  /** The recording is over: what does it say? Call it once, after the parser's `end`. */
  finish(): ReplayReport {
    this.#queue.end();
    for (const vcpu of this.#vcpus) vcpu?.finish();
    this.#edges.finish();
    this.#judge.finish();
    return conclude(this.#gathered());
  }

  /**
   * What does it say so far? The last events may not be in it yet: lines of other CPUs come late, and an access whose
   * exits may still come is not judged.
   */
  soFar(): ReplaySoFar {
    this.parser.flush();
    this.#queue.release(lateNs);
    return sumUp(this.#gathered());
  }

  #gathered(): Gathered {
    return {
      parser: this.parser,
      counts: this.#counts,
      findings: this.#findings,
      processes: [...this.#processes.values()],
      vcpus: this.#vcpus.filter((vcpu) => vcpu !== undefined),
      other: this.#other,
      startNs: this.#first === Infinity ? 0 : this.#first,
      durationNs: Math.max(this.#last - this.#first, 0),
    };
  }

  #event(words: Int32Array, row: number, time: number): void {
    const kind = words[row + column.kind]!;
    const thread = words[row + column.thread]!;
    const line = words[row + column.line]!;
    if (time < this.#first) this.#first = time;
    if (time > this.#last) this.#last = time;
    if (kind === eventKind.pio) {
      const vcpu = this.#vcpus[thread] ?? this.#newVcpu(thread);
      const port = words[row + column.addrLo]!;
      const len = words[row + column.b]!;
      if (words[row + column.a] === 1) {
        vcpu.portWrite(line, time, port, len, words[row + column.valueLo]!);
      } else {
        vcpu.portRead(line, port, len);
      }
      this.#edges.portLine();
    } else if (kind === eventKind.userspaceExit) {
      this.#exit(thread, line, words[row + column.a]!, words[row + column.b]!);
    } else if (kind === eventKind.mmio) {
      this.#mmio(words, row, thread, line, time);
      this.#edges.memoryLine();
    } else if (kind === eventKind.guestEntry || kind === eventKind.guestExit) {
      (this.#vcpus[thread] ?? this.#newVcpu(thread)).boundary();
    } else if (kind === eventKind.fastMmio) {
      const vcpu = this.#vcpus[thread] ?? this.#newVcpu(thread);
      vcpu.fastWrite(line, time, words[row + column.addrLo]!, words[row + column.addrHi]!);
    } else if (kind === eventKind.lost) {
      this.#lost(line);
    } else {
      const ret = words[row + column.ret]!;
      this.#setupCall(kind, { words, row, line, thread, time, ret });
    }
  }

  #mmio(words: Int32Array, row: number, thread: number, line: number, time: number): void {
    const vcpu = this.#vcpus[thread] ?? this.#newVcpu(thread);
    const lo = words[row + column.addrLo]!;
    const hi = words[row + column.addrHi]!;
    const len = words[row + column.b]!;
    switch (words[row + column.a]) {
      case 0:
        vcpu.unsatisfiedRead(lo, len);
        break;
      case 1:
        vcpu.load(line, lo, hi, len);
        break;
      default: {
        const valueLo = words[row + column.valueLo]!;
        vcpu.store(line, time, lo, hi, len, valueLo, words[row + column.valueHi]!);
      }
    }
  }

  #exit(thread: number, line: number, reason: number, errno: number): void {
    const { exits } = this.#counts;
    const vcpu = this.#vcpus[thread] ?? this.#newVcpu(thread);
    if (exits.observed++ === 0) this.#counts.firstExit = line;
    this.#edges.at(this.#last);
    this.#counts.reason(errno < 0 ? errno : reason);
    if (errno === 0 && reason === KVM_EXIT_IO) {
      exits.io++;
      vcpu.portExit(line);
    } else if (errno === 0 && reason === KVM_EXIT_MMIO) {
      exits.io++;
      vcpu.memoryExit(line);
    } else {
      exits.other++;
      vcpu.otherExit(errno < 0);
    }
  }

  #lost(line: number): void {
    for (const vcpu of this.#vcpus) vcpu?.lost();
    for (const process of this.#processes.values()) {
      for (const vm of process.vms) {
        vm.setupKnown = false;
        vm.lostLine ||= line;
      }
    }
  }

  #setupCall(kind: number, call: SetupCall): void {
    if (kind >= eventKind.eventfd) return this.#descriptorCall(kind, call);
    const process = this.#processOf(call.thread);
    const fd = call.words[call.row + column.a]!;
    if (kind === eventKind.ioctl) return this.#ioctl(process, fd, call);
    // Most capabilities are of a vCPU, or change nothing that a recording shows.
    if (kind === eventKind.enableCap && !enablesSplitIrqchip(call)) return;
    const vm = process.vmAt(fd);
    this.#vcpus[call.thread]?.called(vm);
    this.#setup.apply(kind, process, vm, call);
    this.#judge.setupCalled(vm, call.thread, call.time);
  }

  /** What a process did with an eventfd. Reads and writes change nothing that a guest sees. */
  #descriptorCall(kind: number, call: SetupCall): void {
    const { words, row, thread, ret } = call;
    if (ret < 0) return;
    const fd = words[row + column.d]!;
    if (kind === eventKind.eventfd) this.#processOf(thread).freshEventfd(ret);
    else if (kind === eventKind.dup) this.#processOf(thread).sameEventfd(ret, fd);
    else if (kind === eventKind.close) this.#processOf(thread).close(fd);
  }

  #ioctl(process: ProcessState, fd: number, call: SetupCall): void {
    const request = call.words[call.row + column.b]! >>> 0;
    if (request === KVM_CREATE_VM) {
      if (call.ret >= 0) process.createVm(call.ret);
      return;
    }
    const calls: readonly number[] = [
      KVM_CREATE_VCPU,
      KVM_CREATE_IRQCHIP,
      KVM_CREATE_PIT2,
      KVM_CREATE_PIT,
    ];
    if (!calls.includes(request)) return;
    const vm = process.vmAt(fd);
    if (request === KVM_CREATE_VCPU) {
      if (call.ret >= 0) this.#newVcpuOf(process, vm, call.thread);
    } else if (request === KVM_CREATE_IRQCHIP) {
      this.#setup.createIrqchip(vm, call);
    } else {
      this.#setup.createPit(vm, request === KVM_CREATE_PIT ? "yes" : "unknown", call);
    }
    this.#judge.setupCalled(vm, call.thread, call.time);
  }

  #newVcpuOf(process: ProcessState, vm: VcpuThread["vm"], thread: number): void {
    process.createVcpu(vm, thread);
    const vcpu = this.#vcpus[thread];
    if (vcpu === undefined || vcpu.vm === vm) return;
    vcpu.finish();
    this.#vcpus[thread] = undefined;
  }

  #newVcpu(thread: number): VcpuThread {
    const vm = this.#processOf(thread).vmOf(thread);
    const host = {
      counts: this.#counts,
      findings: this.#findings,
      judge: this.#judge,
      edges: this.#edges,
    };
    const vcpu = new VcpuThread(thread, vm, host);
    this.#vcpus[thread] = vcpu;
    return vcpu;
  }

  /** Text that gives threads alone makes each a process; a process known by another line is that one. */
  #processOf(thread: number): ProcessState {
    const { pid, tid } = this.parser.threads.threads[thread]!;
    const known = pid >= 0
      ? pid
      : this.parser.threads.threads.find((one) => one.tid === tid && one.pid >= 0)?.pid;
    const name = known === undefined ? `thread ${tid}` : `process ${known}`;
    let process = this.#processes.get(name);
    if (process === undefined) {
      process = new ProcessState(known ?? -1, name, this.#release, this.#other);
      this.#processes.set(name, process);
    }
    return process;
  }
}

function otherWorld(options: ReplayOptions, recordedOn: KernelRelease): OtherWorld | null {
  if (options.kernel === undefined && options.whatIf === undefined) return null;
  return { release: options.kernel ?? recordedOn, zeroLength: options.whatIf === "zero-length" };
}
