/**
 * `deno task bench`: the model and its peers on this machine. See `docs/speed.md`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { assemble } from "./assemble.ts";
import { hasTaskset, load, machine } from "./machine.ts";
import { buildPeer } from "./native/build.ts";
import { fullPlan, quickPlan } from "./plan.ts";
import { writeRecording } from "./recording.ts";
import type { BenchResult } from "./result.ts";
import { runRounds } from "./run_rounds.ts";
import { renderTables } from "./render_tables.ts";
import { variants } from "./variants.ts";
import { verify } from "./verify.ts";

const usage = `deno task bench [--quick] [--json] [--rounds N] [--docs] [--from FILE]

Measures the model beside a bus in C, v86, real eventfds and what V8 does at best: every variant in a process of its own,
all of them in turn, in an order that is reversed from round to round.

  --quick     the same in less than 50 s: as many rounds as fit, a smaller recording
  --json      one JSON object on stdout
  --rounds N  so many rounds, or as fit
  --docs      docs/speed.json, docs/speed-light.svg and -dark.svg, and the tables of docs/speed.md too
  --from FILE nothing is measured: what --json printed before is shown, or goes to docs`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    docs: { type: "boolean", default: false },
    from: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
  Deno.exit(0);
}
const plan = values.quick ? quickPlan : fullPlan;
const rounds = values.rounds === undefined ? plan.rounds : Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`Rounds must be a positive integer: got ${values.rounds}\n\n${usage}`);
  Deno.exit(2);
}
const result: BenchResult = values.from === undefined
  ? await measure()
  : JSON.parse(await Deno.readTextFile(values.from));
if (values.docs) await writeDocs(result);
console.log(values.json ? JSON.stringify(result, null, 2) : renderTables(result));

async function measure(): Promise<BenchResult> {
  const date = new Date().toISOString();
  const loadBefore = load();
  const host = await machine();
  const folder = await Deno.makeTempDir({ prefix: "ioeventfd-bench-" });
  try {
    progress("building the native peer");
    const peer = await buildPeer(folder);
    if (peer.path === null) console.error(`The native peer is skipped: ${peer.reason}`);
    progress("writing recordings");
    const recordings = { bpftrace: `${folder}/bpftrace.txt`, ftrace: `${folder}/ftrace.txt` };
    const facts = {
      bpftrace: await writeRecording(recordings.bpftrace, "bpftrace", plan.recordingBytes),
      ftrace: await writeRecording(recordings.ftrace, "ftrace", plan.recordingBytes / 4),
    };
    const list = variants(plan, { peer: peer.path, recordings, hasTaskset: await hasTaskset() });
    const answers = await runRounds(list, { ...plan, rounds }, (round, name) => {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
    });
    progress("");
    verify(answers, facts);
    return {
      machine: {
        ...host,
        native: peer.path === null ? `skipped: ${peer.reason}` : peer.compiler,
        v86: "0.5.462",
        rounds: answers.get(list[0]!.name)!.length,
        loadBefore,
        loadAfter: load(),
      },
      date,
      axes: assemble(answers, { bpftrace: facts.bpftrace.bytes, ftrace: facts.ftrace.bytes }),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One line that is overwritten, on a terminal alone. */
function progress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

/** The picture and the page are written by a process of its own: this one may not write there. */
async function writeDocs(result: BenchResult): Promise<void> {
  const places = ["../docs", "../README.md"].map((at) => new URL(at, import.meta.url).pathname);
  const script = new URL("write_docs.ts", import.meta.url).pathname;
  const permissions = [
    `--allow-read`,
    `--allow-write=${places.join(",")}`,
    `--allow-run=${Deno.execPath()}`,
  ];
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...permissions, script],
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  await new Response(JSON.stringify(result)).body!.pipeTo(writer.stdin);
  if (!(await writer.status).success) Deno.exit(1);
}
