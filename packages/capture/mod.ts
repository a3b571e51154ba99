/**
 * Recordings of real VMMs: parse them, replay them on the model, explain every exit.
 *
 * @example
 * ```ts
 * import { renderReplay, replay } from "@ioeventfd/capture";
 *
 * const text = " vmm-7 [000] .....  1.000001: kvm_pio: pio_write at 0x402 size 1 count 1 val 0x53 \n" +
 *   " vmm-7 [000] .....  1.000002: kvm_userspace_exit: reason KVM_EXIT_IO (2)\n";
 * const report = await replay(new TextEncoder().encode(text));
 * if (report.exits.explained !== 1) throw new Error("the OUT explains the exit");
 * const shown = renderReplay("example", report);
 * if (!shown.includes("firmware debug console")) throw new Error("port 0x402 has a name");
 * ```
 *
 * @module
 */
export type {
  BusRules,
  EventfdRules,
  IoeventfdRules,
  IrqfdRules,
  KernelRelease,
  MemslotRules,
  TraceRules,
  VmRules,
  X86Rules,
} from "@ioeventfd/uapi";
export * from "./capture_error.ts";
export * from "./counted.ts";
export * from "./event_queue.ts";
export * from "./port_names.ts";
export * from "./read_trace.ts";
export * from "./record_program.ts";
export * from "./render_replay.ts";
export * from "./replay.ts";
export * from "./replay_json.ts";
export * from "./replay_report.ts";
export * from "./replay_so_far.ts";
export * from "./replayed_write.ts";
export * from "./text_table.ts";
export * from "./thread_table.ts";
export * from "./trace_event.ts";
export * from "./trace_parser.ts";
