/**
 * All that a page says of a recording, from one pass over it.
 *
 * @module
 */
import { lintRecorded, recordedSets } from "@ioeventfd/advisor";
import type { Finding, RecordedSet } from "@ioeventfd/advisor";
import { readTrace, Replayer, TraceParser } from "@ioeventfd/capture";
import type { ReplayReport, TraceSource, TraceThread } from "@ioeventfd/capture";
import { type KernelRelease, kernelReleases, latestRelease } from "@ioeventfd/uapi";
import { Timeline, type TimelineReport } from "./timeline.ts";

/** How a recording is studied. */
export interface StudyOptions {
  /** Kernel that was recorded; the latest unless told otherwise. */
  readonly recordedOn?: KernelRelease;
  /** Called as the recording is read, with the bytes read so far; may wait. */
  readonly onProgress?: (bytesRead: number) => void | Promise<void>;
}

/** A registration that writes match and that does not get all of them. */
export interface LostDoorbell {
  /** VM, as `VM 9 of process 19207`. */
  readonly vm: string;
  /** What the advisor found. */
  readonly finding: Finding;
  /** Line of the recording since which it is so. */
  readonly line: number;
}

/** What a page says of a recording. */
export interface RecordingStudy {
  /** As recorded. */
  readonly recorded: ReplayReport;
  /** Kernel that was recorded, or taken for it. */
  readonly recordedOn: KernelRelease;
  /** What if every doorbell had length 0. */
  readonly zeroLength: ReplayReport;
  /** The same calls and writes on each release, oldest first. */
  readonly releases: readonly { readonly release: KernelRelease; readonly report: ReplayReport }[];
  /** Registrations that lose writes. */
  readonly lost: readonly LostDoorbell[];
  /** Exits over time. */
  readonly timeline: TimelineReport;
  /** Threads, by the index that the timeline gives. */
  readonly threads: readonly TraceThread[];
}

/**
 * Replays a recording as it was, with every doorbell of length 0 and on every release, all in one pass: the memory it
 * takes does not grow with the recording.
 *
 * @param source Text of bpftrace or ftrace; gzip too
 * @param options Kernel that was recorded
 * @throws {CaptureError} for what is no recording
 *
 * @example
 * ```ts
 * import { studyRecording } from "@ioeventfd/report";
 *
 * const text = `1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
 * 1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xc0000000 len 0 fd 5 flags 0x0 ret 0
 * 1200 7/7 vmm ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6
 * 2000 7/7 vmm kvm_mmio: type 2 len 2 gpa 0xc0000000 val 0x0
 * `;
 * const { recorded, releases } = await studyRecording(new TextEncoder().encode(text));
 * if (recorded.outcomes.ioeventfd !== 1) throw new Error("a signal");
 * // Linux 3.14 refuses length 0, and the write goes to userspace.
 * if (releases[0]?.report.outcomes.userspace !== 1) throw new Error("an exit");
 * ```
 */
export async function studyRecording(
  source: TraceSource,
  options: StudyOptions = {},
): Promise<RecordingStudy> {
  const { recordedOn = latestRelease, onProgress } = options;
  const recorded = new Replayer({ recordedOn });
  const zeroLength = new Replayer({ recordedOn, whatIf: "zero-length" });
  const releases = kernelReleases.map((release) => ({
    release,
    replayer: new Replayer({ recordedOn, kernel: release }),
  }));
  const timeline = new Timeline();
  const parser = new SharedParser(timeline, [
    recorded.parser,
    zeroLength.parser,
    ...releases.map(({ replayer }) => replayer.parser),
  ]);
  const pipe = new TransformStream<Uint8Array, Uint8Array>();
  // What is wrong with the recording is told once, by the pass below.
  const sets = recordedSets(pipe.readable).catch((): RecordedSet[] => []);
  await readTrace(both(source, pipe.writable), parser, onProgress);
  return {
    recorded: recorded.finish(),
    recordedOn,
    zeroLength: zeroLength.finish(),
    releases: releases.map(({ release, replayer }) => ({ release, report: replayer.finish() })),
    lost: (await sets).flatMap((set) => lostIn(set, recordedOn)),
    timeline: timeline.finish(),
    threads: parser.threads.threads,
  };
}

/** Gives what it is fed to other parsers too. */
class SharedParser extends TraceParser {
  readonly #others: readonly TraceParser[];

  constructor(timeline: Timeline, others: readonly TraceParser[]) {
    super((batch) => timeline.push(batch));
    this.#others = others;
  }

  override push(chunk: Uint8Array): void {
    super.push(chunk);
    for (const other of this.#others) other.push(chunk);
  }

  override end(): void {
    super.end();
    for (const other of this.#others) other.end();
  }
}

/** A source that is read twice at the same pace. */
async function* both(
  source: TraceSource,
  writable: WritableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const writer = writable.getWriter();
  const ignore = (): void => {};
  writer.closed.catch(ignore);
  try {
    const chunks = source instanceof Uint8Array ? [source] : iterate(source);
    for await (const chunk of chunks) {
      await writer.write(chunk).catch(ignore);
      yield chunk;
    }
    await writer.close().catch(ignore);
  } finally {
    await writer.abort().catch(ignore);
  }
}

async function* iterate(
  source: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (!("getReader" in source)) return yield* source;
  const reader = source.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function lostIn(set: RecordedSet, recordedOn: KernelRelease): LostDoorbell[] {
  const { registrations, since } = lintRecorded(set, { releases: [recordedOn] });
  const vm = `VM ${set.vm}${set.process < 0 ? "" : ` of process ${set.process}`}`;
  return registrations
    .filter(({ verdict, writes, errno }) =>
      errno === null && (verdict !== "ok" || writes.length > 0)
    )
    .map((finding) => ({ vm, finding, line: since.get(finding.index) ?? 0 }));
}
