/**
 * `ioeventfd conform`: the model, the host's KVM and vectors against each other.
 *
 * @module
 */
import { formatVector } from "@ioeventfd/conform";
import type { Vector } from "@ioeventfd/conform";
import { exitCode, UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenRelease, kernelOption } from "../kernel_option.ts";
import { parseCount } from "../numbers.ts";
import type { OptionValues } from "../option_values.ts";
import { conformJunit } from "./_conform_junit.ts";
import { type ConformOutcome, outcomeJson, totalOf } from "./_conform_outcome.ts";
import { playRandom } from "./_conform_random.ts";
import { ConformSides, type LaneName, type ModelPaging } from "./_conform_sides.ts";
import { conformTap } from "./_conform_tap.ts";
import { conformText } from "./_conform_text.ts";
import { playVectors } from "./_conform_vectors.ts";
import { liveBackend } from "./_run_backend.ts";
import { alwaysBy, modelOf, modelsByRelease, type VectorPlayer } from "./_vector_player.ts";

const usualCases = 10_000, usualDifferences = 5, usualShrinkS = 10;

/**
 * What is played where nothing is asked for, and how much of each: most where a case is cheap. A kernel takes a case
 * with writes as long as 30 without.
 */
const usualLanes: Readonly<Record<"live" | "alone", readonly (readonly [LaneName, number])[]>> = {
  live: [["registration", 40], ["history", 1], ["guest", 1], ["plain-history", 4], [
    "ept-history",
    4,
  ]],
  alone: [["registration", 20], ["plain-history", 4], ["ept-history", 4], ["guest", 1]],
};

/** Lanes that an option asks for, with this host's KVM and without. */
const lanesOf: Readonly<
  Record<"live" | "alone", Readonly<Record<typeof kinds[number], readonly LaneName[]>>>
> = {
  live: { registrations: ["registration"], histories: ["history"], guests: ["guest"] },
  alone: {
    registrations: ["registration"],
    histories: ["plain-history", "ept-history"],
    guests: ["guest"],
  },
};
const kinds = ["registrations", "histories", "guests"] as const;

/** `ioeventfd conform`. */
export const conform: Command = {
  name: "conform",
  summary: commandSummaries.conform,
  usage: "[--cases N] [--minutes M] [--seed S] [--guests] [--backend sim,kvm] | --vectors FILE…",
  description:
    `Without --vectors, random cases are played on the model and on this host's KVM, which is right
where they differ: calls of KVM_IOEVENTFD of any shape, and now and then a history of several VMs
with eventfds that come and go, guest writes of every width on both buses, coalesced zones, memory
slots and interrupt controllers, and machine code. Besides, histories are judged by the plain form
of the model's rules, once with the writes done by the model's CPU, which has EPT and so the fast
MMIO path. --backend sim asks no kernel: the plain form judges everything, and for machine code the
model's other kind of paging. The report says who judged what.

A difference is made smaller until nothing can be left out, and printed as a vector and as a
scenario. --record OUT writes down what the judge did in every case instead, as vectors.

With --vectors, each line of a FILE (JSON lines, gzip or plain, - is stdin) is a vector: what Linux
was given, and what it did; the format is in vectors/README.md. They are played on the model, or
with --backend kvm on this host's KVM; --record OUT writes what that did. Vectors belong to the
release and the host they were observed on. Those of vectors/ come from a host without extended
page tables, so the model has none either unless --paging ept. A vector that names its release is
played on the model of that release unless --kernel is given.

The last line is the count. The exit code is 1 when something differs, 4 when there is no KVM, 130
after Ctrl-C, with what was done so far.`,
  operands: [0, Infinity],
  options: [
    { name: "cases", value: "N", summary: `How many random cases; ${usualCases} unless given` },
    { name: "minutes", value: "M", summary: "How long, instead of or besides how many" },
    { name: "seed", value: "S", summary: "Where chance begins; somewhere else each time" },
    {
      name: "differences",
      value: "N",
      summary: `Stop after so many differences; ${usualDifferences} unless given`,
    },
    {
      name: "shrink",
      value: "SECONDS",
      summary: `Time to make a difference smaller; ${usualShrinkS} unless given`,
    },
    { name: "registrations", summary: "Nothing but calls of KVM_IOEVENTFD" },
    { name: "histories", summary: "Nothing but histories with guest writes" },
    { name: "guests", summary: "Nothing but machine code" },
    { name: "vectors", value: "FILE", repeat: true, file: true, summary: "A file of vectors" },
    {
      name: "backend",
      value: "NAMES",
      choices: ["sim", "kvm", "sim,kvm"],
      summary: "sim,kvm unless given; with --vectors, sim",
    },
    { ...kernelOption, summary: "Kernel release of the model; the newest unless given" },
    {
      name: "paging",
      value: "KIND",
      choices: ["shadow", "ept"],
      summary: "How the model translates guest addresses; as the host does unless given",
    },
    { name: "record", value: "OUT", file: true, summary: "Write what the judge did as vectors" },
    { name: "junit", value: "FILE", file: true, summary: "Write JUnit XML; - is stdout" },
    { name: "tap", summary: "Test Anything Protocol on stdout" },
    jsonOption,
  ],
  examples: [
    {
      about: "a long look for differences between the model and this kernel",
      line: "conform --backend sim,kvm --cases 1000 --seed 1",
    },
    { about: "where there is no /dev/kvm", line: "conform --backend sim --cases 5000" },
    {
      about: "machine code on this kernel, as TAP",
      line: "conform --backend sim,kvm --guests --cases 50 --seed 7 --tap",
    },
    {
      about: "the vectors that come with the project",
      line: "conform --vectors vectors/register.jsonl vectors/collide.jsonl vectors/bus.jsonl",
    },
    {
      about: "new vectors, of what this kernel does in fifty histories",
      line: "conform --backend sim,kvm --histories --cases 50 --seed 3 --record new.jsonl",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, operands, stdout } = context;
  const files = [...options.texts("vectors"), ...operands];
  const out = options.text("record"), junit = options.text("junit");
  const onStdout = [
    ...(options.flag("json") ? ["--json"] : []),
    ...(options.flag("tap") ? ["--tap"] : []),
    ...(junit === "-" ? ["--junit -"] : []),
    ...(out === "-" ? ["--record -"] : []),
  ];
  if (onStdout.length > 1) {
    throw new UsageError(`conform: ${onStdout.join(" and ")} both write to stdout`);
  }
  for (const path of [out, junit]) if (path !== undefined) await context.checkWritable(path);
  const lines: string[] = [];
  const recording: Recording = out === undefined
    ? {}
    : { record: (vector) => void lines.push(formatVector(vector)) };
  const outcome = files.length > 0
    ? await vectorOutcome(context, files, recording)
    : await randomOutcome(context, recording);
  if (out !== undefined) await context.writeFile(out, lines.map((line) => `${line}\n`).join(""));
  if (junit !== undefined) await context.writeFile(junit, conformJunit(outcome));
  if (options.flag("json")) {
    await stdout.write(jsonDocument(outcomeJson(outcome)));
  } else if (options.flag("tap")) await stdout.write(conformTap(outcome));
  else if (onStdout.length === 0) {
    await stdout.write(fitText(conformText(outcome, context.style), stdout));
  }
  if (outcome.stopped === "interrupted") return exitCode.interrupted;
  return totalOf(outcome).failed > 0 ? exitCode.checkFailed : exitCode.ok;
}

/** Takes what the judge did. */
interface Recording {
  readonly record?: (vector: Vector) => void;
}

/** Options of random cases, which vectors have no use for. */
const randomOptions = ["cases", "minutes", "seed", "differences", "shrink", ...kinds];

async function vectorOutcome(
  context: Context,
  files: readonly string[],
  recording: Recording,
): Promise<ConformOutcome> {
  const { options } = context;
  const random = randomOptions.find((name) => options.has(name));
  if (random !== undefined) throw new UsageError(`conform: --${random} is for random cases`);
  const names = (options.text("backend") ?? "sim").split(",");
  if (recording.record !== undefined && names.length > 1) {
    throw new UsageError("conform: --record takes one backend: --backend sim or --backend kvm");
  }
  const paging = options.text("paging") === "ept" ? "ept" : "shadow";
  const isModel = names.includes("sim");
  for (const name of isModel ? [] : ["kernel", "paging"]) {
    if (options.has(name)) throw new UsageError(`conform: --${name} is for the model alone`);
  }
  const release = chosenRelease(options);
  const players = names.map((name): VectorPlayer => {
    if (name === "kvm") return alwaysBy(liveBackend());
    if (options.has("kernel")) return alwaysBy(modelOf(release, paging));
    return modelsByRelease(release, paging);
  });
  const kernel = isModel ? release.name : null;
  return await playVectors(context, { files, players, kernel, ...recording });
}

async function randomOutcome(context: Context, recording: Recording): Promise<ConformOutcome> {
  const { options } = context;
  const live = options.text("backend") !== "sim";
  const minutes = options.text("minutes");
  const cases = options.text("cases");
  const differences = options.text("differences") ?? String(usualDifferences);
  const shrink = options.text("shrink") ?? String(usualShrinkS);
  const most = minutes === undefined ? usualCases : Infinity;
  const until = minutes === undefined ? Infinity : performance.now() + duration(minutes);
  using sides = new ConformSides({
    live,
    release: chosenRelease(options),
    paging: options.text("paging") as ModelPaging | undefined,
  });
  return await playRandom(context, sides, {
    weights: chosenLanes(options, live, recording.record !== undefined),
    cases: cases === undefined ? most : parseCount(cases, "cases", 1, Number.MAX_SAFE_INTEGER),
    seed: chosenSeed(options),
    shrinkMs: 1000 * parseCount(shrink, "shrink", 0, 3600),
    differences: parseCount(differences, "differences", 1, Number.MAX_SAFE_INTEGER),
    until,
    ...recording,
  });
}

/** What is asked for, in equal parts; else something of everything that this judge decides. */
function chosenLanes(
  options: OptionValues,
  live: boolean,
  isRecorded: boolean,
): Map<LaneName, number> {
  const where = live ? "live" : "alone";
  const asked = kinds.filter((kind) => options.flag(kind));
  const others: readonly LaneName[] = live ? ["plain-history", "ept-history"] : ["ept-history"];
  if (asked.length === 0) {
    return new Map(usualLanes[where].filter(([lane]) => !isRecorded || !others.includes(lane)));
  }
  return new Map(asked.flatMap((kind) => lanesOf[where][kind]).map((lane) => [lane, 1]));
}

function duration(minutes: string): number {
  if (!/^\d+(\.\d+)?$/.test(minutes) || Number(minutes) === 0) {
    throw new UsageError(`--minutes: "${minutes}" is not a time; write it like 10 or 0.5`);
  }
  return Number(minutes) * 60_000;
}

function chosenSeed(options: OptionValues): number {
  const seed = options.text("seed");
  if (seed === undefined) return crypto.getRandomValues(new Uint32Array(1))[0]!;
  return parseCount(seed, "seed", 0, 0xffff_ffff);
}
