/**
 * Where the time of a replay goes, and what V8 does at best with such text. Each stage does what the one before it does
 * and more, on the same recording in memory, in pieces of 1 MiB, once the compiler is through. The best piece is the code
 * on a core that nobody else uses, the median is the machine as it is.
 *
 * `deno run --allow-read --allow-write=/tmp bench/replay_stages.ts`
 *
 * @module
 */
import { EventQueue, Replayer, TraceParser } from "@ioeventfd/capture";
import { type RecordingFormat, writeRecording } from "./recording.ts";
import { median } from "./sampling.ts";

const pieceBytes = 1 << 20;
const recordingBytes = 32 * pieceBytes;
/** Times that each stage goes through the recording, and those of them that are for the compiler. */
const passes = 6, warmUpPasses = 2;
/** The queue gives on nothing before it has so many events. */
const queueFullAt = 2 * pieceBytes;

/** Takes the recording piece by piece. */
type Stage = (piece: Uint8Array) => void;

let sum = 0;

const stages: readonly (readonly [name: string, begin: () => Stage])[] = [
  ["a byte loop that counts lines", () => countLines],
  ["a byte loop that adds up all numbers", () => addNumbers],
  ["the parser: every field, into typed arrays", () => {
    return feed(new TraceParser((batch) => sum += batch.length));
  }],
  ["the parser and the queue", () => {
    const queue = new EventQueue((_words, row) => sum += row);
    return feed(new TraceParser((batch) => queue.push(batch)));
  }],
  ["the replay", () => feed(new Replayer().parser)],
];

for (const format of ["bpftrace", "ftrace"] as const) {
  const recording = await makeRecording(format);
  console.log(`${format.padEnd(44)} best  median, MB/s`);
  for (const [name, begin] of stages) {
    const [best, middle] = measure(recording, begin);
    console.log(`${name.padEnd(44)}${shown(best)}${shown(middle)}`);
  }
}
if (sum === 0) throw new Error("nothing was read");

/** Whatever is in a piece is given on with it. */
function feed(parser: TraceParser): Stage {
  return (piece) => {
    parser.push(piece);
    parser.flush();
  };
}

function countLines(piece: Uint8Array): void {
  let lines = 0;
  for (let p = 0; p < piece.length; p++) {
    if (piece[p] === 10) lines++;
  }
  sum += lines;
}

/** Decimal and hex: every run of digits, with the letters of a hex number behind `0x` alone. */
function addNumbers(piece: Uint8Array): void {
  let lines = 0;
  let total = 0;
  for (let p = 0; p < piece.length; p++) {
    const c = piece[p]!;
    if (c === 10) lines++;
    if (c < 48 || c > 57) continue;
    let value = 0;
    if (c === 48 && piece[p + 1] === 120) {
      for (p += 2;; p++) {
        const digit = piece[p]!;
        if (digit >= 48 && digit <= 57) value = value << 4 | (digit - 48);
        else if (digit >= 97 && digit <= 102) value = value << 4 | (digit - 87);
        else break;
      }
    } else {
      for (let digit = c - 48; digit >= 0 && digit <= 9; digit = piece[++p]! - 48) {
        value = value * 10 + digit | 0;
      }
    }
    total = total + value | 0;
    p--;
  }
  sum += lines + total;
}

/** Bytes a microsecond, which is MB/s: of the best piece, and of the median. */
function measure(recording: Uint8Array, begin: () => Stage): [best: number, median: number] {
  const times: number[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const stage = begin();
    for (let from = 0; from + pieceBytes <= recording.length; from += pieceBytes) {
      const piece = recording.subarray(from, from + pieceBytes);
      const start = performance.now();
      stage(piece);
      const took = performance.now() - start;
      if (pass >= warmUpPasses && from >= queueFullAt) times.push(took);
    }
  }
  return [pieceBytes / 1e3 / Math.min(...times), pieceBytes / 1e3 / median(times)];
}

async function makeRecording(format: RecordingFormat): Promise<Uint8Array> {
  const path = await Deno.makeTempFile({ dir: "/tmp", prefix: "ioeventfd-replay-" });
  try {
    await writeRecording(path, format, recordingBytes);
    return await Deno.readFile(path);
  } finally {
    await Deno.remove(path);
  }
}

function shown(mbPerS: number): string {
  return mbPerS.toFixed(0).padStart(7);
}
