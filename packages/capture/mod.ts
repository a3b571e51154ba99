/**
 * Recordings of real VMMs: parse them, replay them on the model, explain every exit.
 *
 * @module
 */
export * from "./capture_error.ts";
export * from "./thread_table.ts";
export * from "./trace_event.ts";
export * from "./trace_parser.ts";
export * from "./port_names.ts";
export * from "./read_trace.ts";
export * from "./replay.ts";
export * from "./replay_report.ts";
export * from "./render_replay.ts";
export * from "./replay_json.ts";
