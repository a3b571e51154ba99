/**
 * One recording, from the first probe to the last line of the file.
 *
 * @module
 */
import { type RecordGroup, recordGroups, recordProgram, usedTracepoints } from "@ioeventfd/capture";
import { EnvironmentError, exitCode } from "../cli_error.ts";
import type { Context } from "../command.ts";
import type { HostFacts } from "../_host_facts.ts";
import { shellWords } from "../_shell_words.ts";
import { version } from "../version.ts";
import { RecordCounters } from "./_record_counters.ts";
import { RecordFile } from "./_record_file.ts";
import { delay, type Target } from "./_record_target.ts";
import { Tracer, TracerError } from "./_record_tracer.ts";

const redrawMs = 250;
const newline = 10;

/** What to record and where to. */
export interface RecordRequest {
  /** What the host has. */
  readonly facts: HostFacts;
  /** The process. */
  readonly target: Target;
  /** Its command line, empty if it was not started for this. */
  readonly command: readonly string[];
  /** Path. */
  readonly path: string;
  /** How long at most. */
  readonly seconds: number;
  /** Groups left out. */
  readonly without: readonly RecordGroup[];
}

interface Recording {
  readonly request: RecordRequest;
  readonly file: RecordFile;
  readonly counters: RecordCounters;
}

/**
 * Records.
 *
 * @param context Where remarks go, and Ctrl-C
 * @param request What to record
 * @returns Exit code: 1 when no event came
 * @throws {EnvironmentError} when bpftrace cannot attach
 */
export async function recordSession(context: Context, request: RecordRequest): Promise<number> {
  const signal = context.interrupts();
  const counters = new RecordCounters(context, request.path);
  const timer = setInterval(() => counters.draw(), redrawMs);
  let why: string;
  try {
    const file = new RecordFile(request.path);
    await file.write(header(request));
    why = await recordInto({ request, file, counters }, signal);
  } finally {
    clearInterval(timer);
    await counters.wipe();
    await request.target.end();
  }
  if (!context.quiet) await context.stderr.write(remarks(request, counters, why));
  signal.throwIfAborted();
  return counters.counts.events === 0 ? exitCode.checkFailed : exitCode.ok;
}

/** @returns Why it ended */
async function recordInto(recording: Recording, signal: AbortSignal): Promise<string> {
  const { request: { target }, file, counters } = recording;
  let why = "the recording could not begin";
  try {
    const { tracer, pump } = await attach(recording, signal);
    try {
      counters.begin();
      await target.begin();
      why = await firstEnd(recording.request, tracer, pump, signal);
    } finally {
      await target.end();
      await tracer.stop();
      await pump;
    }
    for (const line of await tracer.lostLines()) await take(recording, line);
  } catch (error) {
    if (signal.aborted) why = "interrupted before the probes were attached";
    throw error;
  } finally {
    counters.end();
    await file.write(`# end: ${why}; ${counters.summary()}\n`);
    await file.close();
  }
  return why;
}

interface Attached {
  readonly tracer: Tracer;
  /** Resolves when all its text is in the file. */
  readonly pump: Promise<void>;
}

/** Some hosts have a tracepoint that cannot be used; what is not needed is left out then. */
async function attach(recording: Recording, signal: AbortSignal): Promise<Attached> {
  const { without } = recording.request;
  try {
    return await attachWithout(recording, without, signal);
  } catch (error) {
    if (!(error instanceof TracerError)) throw error;
    const left = recordGroups.filter((group) => !without.includes(group));
    if (left.length === 0) throw cannotAttach(recording.request, error);
    await recording.file.write(
      `# left out: ${left.join(", ")}, as bpftrace said ${oneLine(error.message)}\n`,
    );
    return await attachWithout(recording, recordGroups, signal).catch((again) => {
      throw again instanceof TracerError ? cannotAttach(recording.request, again) : again;
    });
  }
}

async function attachWithout(
  recording: Recording,
  without: readonly RecordGroup[],
  signal: AbortSignal,
): Promise<Attached> {
  const { facts, target: { pid, eventfds }, command } = recording.request;
  const program = recordProgram({
    pids: [pid],
    recorder: Deno.pid,
    ...(command.length === 0 ? { until: pid } : {}),
    tracepoints: facts.tracepoints,
    eventfds,
    without,
  });
  const tracer = new Tracer(facts.bpftrace, program);
  const pump = readAll(recording, tracer);
  // Whoever waits for the end of the recording hears of it.
  pump.catch(() => {});
  try {
    await tracer.attached(signal);
  } catch (error) {
    await tracer.stop();
    throw error;
  }
  return { tracer, pump };
}

function cannotAttach({ facts }: RecordRequest, error: TracerError): EnvironmentError {
  const btf = facts.btf ? "" : "; the kernel has no BTF (CONFIG_DEBUG_INFO_BTF), which may be why";
  const locked = facts.lockdown === "" ? "" : `; the kernel is locked down: ${facts.lockdown}`;
  return new EnvironmentError(
    `record: bpftrace cannot attach: ${oneLine(error.message)}${btf}${locked}`,
  );
}

async function readAll({ file, counters }: Recording, tracer: Tracer): Promise<void> {
  for await (const chunk of tracer.text()) {
    // What bpftrace prints of empty maps.
    if (chunk.every((byte) => byte === newline)) continue;
    counters.push(chunk);
    await file.write(chunk);
  }
}

async function take({ file, counters }: Recording, line: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${line}\n`);
  counters.push(bytes);
  await file.write(bytes);
}

async function firstEnd(
  { target, command, seconds }: RecordRequest,
  tracer: Tracer,
  pump: Promise<void>,
  signal: AbortSignal,
): Promise<string> {
  const interrupted = new Promise<string>((resolve) => {
    signal.addEventListener("abort", () => resolve("interrupted"));
  });
  const tracerEnds = pump.then(async () => {
    if (command.length === 0) return "the process ended";
    throw new EnvironmentError(`record: bpftrace ended: ${(await tracer.failure()).message}`);
  });
  const ends = [
    target.ended,
    interrupted,
    tracerEnds,
    ...(seconds < Infinity ? [delay(seconds * 1000).then(() => `${seconds} s are over`)] : []),
  ];
  return signal.aborted ? "interrupted" : await Promise.race(ends);
}

function header({ facts, target, command, without }: RecordRequest): string {
  const missing = missingHere(facts);
  const what = command.length === 0 ? `process ${target.pid}` : shellWords(command);
  return [
    `# ioeventfd ${version} record: nanoseconds of CLOCK_MONOTONIC, pid/tid, name, event`,
    `# host: ${facts.system} ${facts.kernel}, ${facts.cpu}, ${facts.programs.get("bpftrace")}`,
    `# recorded: ${oneLine(what)}`,
    ...(missing.length === 0 ? [] : [`# not on this host: ${missing.join(", ")}`]),
    ...(without.length === 0 ? [] : [`# left out: ${without.join(", ")}`]),
    "",
  ].join("\n");
}

function remarks({ facts, path }: RecordRequest, counters: RecordCounters, why: string): string {
  const { events, lostEvents } = counters.counts;
  const missing = missingHere(facts);
  const lines = [`${path === "-" ? "stdout" : path}: ${counters.summary()}; ${why}`];
  if (missing.length > 0) lines.push(`not on this host, so not in it: ${missing.join(", ")}`);
  if (lostEvents > 0) lines.push("--without kvm_exit or another group loses fewer events");
  if (events === 0) {
    lines.push("no call of KVM was seen: does the command use KVM, as QEMU does with -accel kvm?");
  } else if (path !== "-") {
    lines.push(`replay it: ioeventfd replay ${shellWords([path])}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function missingHere({ tracepoints }: HostFacts): string[] {
  return usedTracepoints.filter((name) => !tracepoints.has(name));
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
