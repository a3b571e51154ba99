// What every runtime is put through: a scenario, vectors of a live kernel, a recording, and advice. No file, no Deno: the
// runtime hands in what it read.
import { explain } from "@ioeventfd/advisor";
import { replay } from "@ioeventfd/capture";
import { parseVectors, runVector, Tally, tallyLine } from "@ioeventfd/conform";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { runScenario } from "@ioeventfd/scenario";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { scenario } from "../scenarios/virtio-blk-modern.ts";

/** Files the exercise asks for, by path from the root. */
export const inputs: readonly string[] = [
  ...["register", "collide", "bus", "guest"].map((kind) => `vectors/${kind}.jsonl`),
  "captures/q35-virtio-blk.bpftrace.txt",
];

/** What came of it, as JSON. */
export interface ExerciseResult {
  /** Outcome of the scenario, with the expectations that held. */
  readonly scenario: string;
  /** Vectors passed and failed. */
  readonly vectors: string;
  /** Of the recording: kicks that rang, and exits explained. */
  readonly replay: string;
  /** Errno and clause of a registration that collides. */
  readonly explained: string;
}

/**
 * Runs the exercise.
 *
 * @param read Bytes of an input
 */
export async function exercise(
  read: (path: string) => Promise<Uint8Array>,
): Promise<ExerciseResult> {
  const played = await runScenario(scenario, new VmxBackend({ counting: true }));

  const tally = new Tally();
  for (const path of inputs.filter((path) => path.endsWith(".jsonl"))) {
    const backend = path.includes("guest")
      ? new VmxBackend({ paging: "shadow" })
      : new CoreBackend();
    const bytes = await read(path);
    for await (const vector of parseVectors(new Response(bytes.slice()).body!, path)) {
      tally.add(runVector(backend, vector));
    }
  }

  const { exits, doorbells } = await replay(await read("captures/q35-virtio-blk.bpftrace.txt"));

  const taken = { addr: 0xfebfb000n, len: 0, flags: 0, datamatch: 0n };
  const signals = doorbells.reduce((sum, doorbell) => sum + doorbell.signals, 0);

  const { errno, clause } = explain({ ...taken, len: 4 }, [
    { kind: "assign", registration: taken, eventfd: "queue 0" },
  ]);

  return {
    scenario: `${played.outcome}, ${played.held} expectations held`,
    vectors: tallyLine(tally.total()),
    replay: `${signals} signals, ${exits.explained} of ${exits.io} I/O exits explained`,
    explained: `${errno} by ${clause}`,
  };
}
