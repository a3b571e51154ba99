/**
 * The variants: one process each, told what to do on its command line, with one JSON object for an answer.
 *
 * @module
 */
import { libcPaths } from "./host/libc_paths.ts";
import type { Plan } from "./plan.ts";

/** A program to run once a round. */
export interface Variant {
  /** Name, under which its answers are kept. */
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Prints no JSON: the time it takes, in milliseconds, is its answer. */
  readonly isTimed?: boolean;
}

/** What the variants need beside themselves. */
export interface Surroundings {
  /** The native peer, or null without a C compiler. */
  readonly peer: string | null;
  /** Whether `taskset` can keep a program on one CPU. */
  readonly hasTaskset: boolean;
  /** The recordings. */
  readonly recordings: { readonly bpftrace: string; readonly ftrace: string };
}

/** N of most ports that v86 has, 4 each. */
const v86Ports = 16_384;

/** Looks of a thread in C before it sleeps, each of them a system call: a few microseconds. */
const nativeLooks = "16";

/** Every variant, peers beside the model, and the floors: what V8 can do at best of the same work. */
export function variants(
  plan: Plan,
  { peer, recordings, hasTaskset }: Surroundings,
): Variant[] {
  const chunks = String(plan.chunks);
  const dispatch = plan.dispatch.map(([n, ops]) => `${n}:${ops}`);
  const datamatch = plan.datamatch.map(([n, ops]) => `${n}:${ops}`);
  // The model's writes to one address cost the same at every N, so they can be as many as at 1.
  const modelDatamatch = plan.datamatch.map(([n]) => `${n}:${plan.datamatch[0]![1]}`);
  const ports = plan.dispatch.filter(([n]) => n <= v86Ports).map(([n, ops]) => `${n}:${ops}`);
  const assign = plan.assign.map(String);
  const trips = [chunks, String(plan.roundTrips)];
  const onOneCpu = (variant: Variant | null): Variant | null =>
    variant === null || !hasTaskset
      ? variant
      : { ...variant, command: ["taskset", "-c", "0", ...variant.command] };
  const list: (Variant | null)[] = [
    native("native hit", peer, ["dispatch", chunks, ...dispatch]),
    deno("model hit", "model/dispatch.ts", ["hit", chunks, ...dispatch]),
    deno("v86 hit", "v86/dispatch.ts", [chunks, ...ports]),
    deno("floor hit", "floor/dispatch.ts", [chunks, ...dispatch]),
    deno("api hit", "model/dispatch.ts", ["api", chunks, ...dispatch]),
    native("native miss", peer, ["miss", chunks, ...dispatch]),
    deno("model miss", "model/dispatch.ts", ["miss", chunks, ...dispatch]),
    native("native datamatch", peer, ["datamatch", chunks, ...datamatch]),
    deno("model datamatch", "model/dispatch.ts", ["datamatch", chunks, ...modelDatamatch]),
    native("native assign", peer, ["assign", chunks, ...assign]),
    deno("model assign", "model/assign.ts", [chunks, ...assign]),
    deno("model kick", "model/kick.ts", [chunks, String(plan.kicks)]),
    deno("floor kick", "floor/kick.ts", [chunks, String(plan.kicks)]),
    native("native eventfd", peer, ["eventfd", chunks, String(plan.realEventfdOps)]),
    deno("model eventfd", "model/eventfd.ts", [chunks, String(plan.eventfdOps)]),
    deno("floor eventfd", "floor/eventfd.ts", [chunks, String(plan.eventfdOps)]),
    deno("ffi eventfd", "host/eventfd.ts", [chunks, String(plan.realEventfdOps)], [
      `--allow-ffi=${libcPaths.join(",")}`,
    ]),
    native("native round trip", peer, ["pingpong", ...trips, "0"]),
    native("native round trip looking", peer, ["pingpong", ...trips, nativeLooks]),
    deno("model round trip", "model/round_trip.ts", [...trips, "1"]),
    onOneCpu(native("native round trip asleep", peer, ["pingpong", ...trips, "0"])),
    onOneCpu(deno("model round trip asleep", "model/round_trip.ts", [...trips, "0"])),
    onOneCpu(deno("floor round trip asleep", "floor/round_trip.ts", trips)),
    native("native scan", peer, ["scan", recordings.bpftrace]),
    deno("model replay", "model/replay.ts", [recordings.bpftrace]),
    deno("floor scan", "floor/scan.ts", [recordings.bpftrace]),
    native("native scan ftrace", peer, ["scan", recordings.ftrace]),
    deno("model replay ftrace", "model/replay.ts", [recordings.ftrace]),
    deno("model conform", "model/conform.ts", [chunks, String(plan.cases)]),
    deno("model memory", "model/memory.ts", [String(plan.registrations)], [
      "--v8-flags=--expose-gc",
    ]),
    { ...deno("cold start", "../apps/cli/main.ts", ["--help"]), isTimed: true },
  ];
  return list.filter((variant) => variant !== null);
}

function native(name: string, peer: string | null, args: readonly string[]): Variant | null {
  return peer === null ? null : { name, command: [peer, ...args] };
}

function deno(
  name: string,
  file: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Variant {
  const path = new URL(file, import.meta.url).pathname;
  return {
    name,
    command: [Deno.execPath(), "run", "--no-check", "--allow-read", ...flags, path, ...args],
  };
}
