/**
 * A trace of scenarios as kernel text, set-up calls included.
 *
 * @module
 */
import type { KvmBackend } from "@ioeventfd/uapi";
import { ftraceHeader, FtraceWriter, type TraceSink } from "@ioeventfd/vmx-sim";
import { TracedSystem } from "./_traced_system.ts";

/** Thread ids begin here. */
const firstThread = 1000;
/** Microseconds that a call of userspace is said to take, so that no two lines have one time. */
const callTime = 1;

const tgidColumn = "            ";
const header = ftraceHeader.split("\n").map((line) =>
  line.includes("TASK-PID")
    ? line.replace("CPU#", `TGID${tgidColumn.slice(5)}CPU#`)
    : line.replace(/^#(?= {8})/, `#${tgidColumn}`)
).join("\n");

/**
 * Trace events of the model and, between them, the calls that made its VMs, as lines of a tracefs `trace` file. Replays
 * need both: a doorbell is known by its registration.
 *
 * @example
 * ```ts
 * import { KernelTrace } from "@ioeventfd/scenario";
 * import { VmxBackend } from "@ioeventfd/vmx-sim";
 *
 * const trace = new KernelTrace();
 * using kvm = trace.around(new VmxBackend({ trace })).open();
 * using vm = kvm.createVm();
 * vm.assignIoeventfd({ bus: "pio", addr: 0xc010n, match: { len: 0 }, fd: kvm.eventfd(0, 0) });
 * if (!trace.text().includes("KVM_IOEVENTFD: vm ")) throw new Error(trace.text());
 * ```
 */
export class KernelTrace implements TraceSink {
  readonly #lines: string[] = [];
  readonly #writer = new FtraceWriter((line) => void this.#lines.push(this.#withProcess(line)), {
    task: "scenario",
    pid: firstThread,
  });
  readonly #clocks = new Map<number, number>();
  #now = 0;
  #threads = 0;
  #process = 0;
  #running = 0;

  /**
   * A backend whose calls are in the trace. Each `open` is a process of its own.
   *
   * @param backend The model, made with this trace as its sink
   */
  around(backend: KvmBackend): KvmBackend {
    return {
      name: backend.name,
      open: () => {
        const process = this.newThread();
        return new TracedSystem(backend.open(), this, process);
      },
    };
  }

  /** One event of the vCPU that runs, at its own modelled time. */
  event(name: string, text: string, _vcpu: number, microseconds: number): void {
    // Each vCPU has a clock of its own: what passed on it passes on the one clock of the trace.
    const before = this.#clocks.get(this.#running) ?? 0;
    this.#now += Math.max(0, microseconds - before);
    this.#clocks.set(this.#running, microseconds);
    this.#writer.event(name, text, this.#running, this.#now);
  }

  /** A call of userspace returned, on a thread of a process. */
  call(name: string, text: string, process: number, thread: number): void {
    this.#now += callTime;
    this.#process = process;
    this.#writer.event(name, text, thread, this.#now);
  }

  /** A thread of its own for a process, or for a vCPU. */
  newThread(): number {
    return this.#threads++;
  }

  /** What follows happens on that thread of a process. */
  runs(process: number, thread: number): void {
    this.#process = process;
    this.#running = thread;
  }

  /** The whole trace, header and all. */
  text(): string {
    return header + this.#lines.join("");
  }

  /** As tracefs does with its option `record-tgid`. */
  #withProcess(line: string): string {
    const process = String(firstThread + this.#process).padStart(7);
    return line.replace("[", `(${process}) [`);
  }
}
