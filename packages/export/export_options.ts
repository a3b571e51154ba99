/**
 * How a recording is exported.
 *
 * @module
 */
import type { TraceSource } from "@ioeventfd/capture";
import type { KernelRelease } from "@ioeventfd/uapi";

/** Lines of a recording that no reader understands, such as a last one that is cut off. */
export interface MalformedLines {
  /** How many. */
  readonly count: number;
  /** Numbers of the first ten. */
  readonly lines: readonly number[];
}

/** Options of every export. */
export interface ExportOptions {
  /** Kernel that was recorded; the latest unless told otherwise. */
  readonly recordedOn?: KernelRelease;
  /** Called as the recording is read, with the bytes read so far, over all passes; may wait. */
  readonly onProgress?: (bytesRead: number) => void | Promise<void>;
  /** Called at the end with the lines that are neither an event nor a recorder's remark, where there are any. */
  readonly onMalformed?: (malformed: MalformedLines) => void;
}

/** Gives the recording from its beginning, each time it is called: some exports read it twice. */
export type RecordingOpener = () => TraceSource | Promise<TraceSource>;

/** Takes the bytes of an export as they come, and may make the export wait. */
export type ExportSink = (bytes: Uint8Array) => void | Promise<void>;
