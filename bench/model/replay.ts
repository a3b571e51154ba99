/**
 * A recording replayed whole: file, lines, model, report. `replay.ts FILE` prints speed, peak memory, and what the replay
 * found. From a cold start, so the compiler's time is in it.
 *
 * @module
 */
import process from "node:process";
import { replay } from "@ioeventfd/capture";
import { answer } from "../sampling.ts";

/** Memory is looked at every 4 MiB. */
const chunksPerSample = 64;
let peakBytes = 0;
const path = Deno.args[0]!;
const { size } = await Deno.stat(path);
const file = await Deno.open(path);
const start = performance.now();
const cpu = process.cpuUsage();
const report = await replay(chunksOf(file));
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
file.close();
answer({
  mbPerS: size / 1e6 / seconds,
  // Microseconds of every thread: those of the compiler and of the collector too.
  cpuMbPerS: size / (user + system),
  linesPerS: report.lines / seconds,
  peakMiB: peakBytes / 2 ** 20,
  lines: report.lines,
  signals: report.outcomes.ioeventfd,
  exits: report.exits.io,
  unexplained: report.exits.unexplained,
  contradictions: report.contradictionCount,
});

/**
 * On one core, as the scanner in C does it: a read on another thread waits for that thread, on a busy machine for 10 to
 * 70 % of the time.
 */
async function* chunksOf(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(1 << 16);
  for (let chunk = 0;; chunk++) {
    const read = file.readSync(buffer);
    if (chunk % chunksPerSample === 0 || read === null) sampleMemory();
    if (read === null) return;
    yield buffer.subarray(0, read);
  }
}

/** What `getrusage` says has the resident set of the parent in it, which this process was until it became this program. */
function sampleMemory(): void {
  peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
}
