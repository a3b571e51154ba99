/**
 * Trace events as lines of a tracefs `trace` file, which trace readers take.
 *
 * @module
 */

/** Who receives trace events. Absent, tracing costs nothing. */
export interface TraceSink {
  /**
   * One event.
   *
   * @param name Event name, e.g. `kvm_exit`
   * @param text What the kernel prints after `name: `
   * @param vcpu vCPU it happened on
   * @param microseconds Modelled time since the vCPU was made
   */
  event(name: string, text: string, vcpu: number, microseconds: number): void;
}

/** Who the lines say was running. */
export interface FtraceTask {
  /** Name, at most 16 characters; `qemu-system-x86` unless told otherwise. */
  readonly task?: string;
  /** Thread id of vCPU 0; the others follow. 1000 unless told otherwise. */
  readonly pid?: number;
}

/** The comment lines a `trace` file starts with, each with its newline. */
export const ftraceHeader: string = [
  "# tracer: nop",
  "#",
  "#                                _-----=> irqs-off/BH-disabled",
  "#                               / _----=> need-resched",
  "#                              | / _---=> hardirq/softirq",
  "#                              || / _--=> preempt-depth",
  "#                              ||| / _-=> migrate-disable",
  "#                              |||| /     delay",
  "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
  "",
].join("\n");

/**
 * Lays out events as ftrace does.
 *
 * @example
 * ```ts
 * import { FtraceWriter } from "@ioeventfd/vmx-sim";
 *
 * let text = "";
 * const writer = new FtraceWriter((line) => text += line);
 * writer.event("kvm_fast_mmio", "fast mmio at gpa 0xfebfb000", 0, 12.5);
 * if (!text.endsWith(": kvm_fast_mmio: fast mmio at gpa 0xfebfb000\n")) throw new Error(text);
 * ```
 */
export class FtraceWriter implements TraceSink {
  readonly #write: (line: string) => void;
  readonly #task: string;
  readonly #pid: number;

  /**
   * A sink that writes lines.
   *
   * @param write Takes each line with its newline; the caller writes `ftraceHeader` first
   * @param task Who the lines say was running
   */
  constructor(write: (line: string) => void, task: FtraceTask = {}) {
    this.#write = write;
    this.#task = task.task ?? "qemu-system-x86";
    this.#pid = task.pid ?? 1000;
  }

  /** Writes one line. */
  event(name: string, text: string, vcpu: number, microseconds: number): void {
    const who = `${this.#task.padStart(16)}-${(this.#pid + vcpu).toString().padEnd(7)}`;
    const cpu = vcpu.toString().padStart(3, "0");
    const seconds = Math.floor(microseconds / 1e6).toString().padStart(5);
    const fraction = Math.floor(microseconds % 1e6).toString().padStart(6, "0");
    this.#write(`${who} [${cpu}] ..... ${seconds}.${fraction}: ${name}: ${text}\n`);
  }
}
