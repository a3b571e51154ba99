/**
 * `ioeventfd record`: a VMM on this host, recorded with bpftrace.
 *
 * @module
 */
import { type RecordGroup, recordGroups } from "@ioeventfd/capture";
import { EnvironmentError, UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { hostFacts, lackingToRecord } from "../_host_facts.ts";
import { parseCount } from "../numbers.ts";
import { recordSession } from "./_record_session.ts";
import { runningTarget, startStopped } from "./_record_target.ts";

const defaultFile = "recording.txt";

/** `ioeventfd record`. */
export const record: Command = {
  name: "record",
  summary: commandSummaries.record,
  usage: "[-o FILE] [--seconds S] [--without GROUP] -- CMD... | --pid PID",
  description:
    `Records with bpftrace, as root: the set-up calls of KVM, guest writes and reads that leave the guest,
exits to userspace, and what becomes of eventfds. CMD begins when every probe is attached, so nothing
of it is lost; the recording ends with it. With --pid it is a process that runs already: its set-up
was before, and replay infers what it can. Processes that either starts are recorded too.

FILE is text, packed when its name ends in .gz; - is stdout, for ioeventfd watch. Without -o it is
${defaultFile}. Tracepoints that this host lacks are left out, and the file says which. Events that
were lost are in it by their number. Ctrl-C ends CMD and leaves a whole file.

The exit code is 1 when no call of KVM was seen, 4 when the host lacks what it takes: see doctor.`,
  operands: [0, 0],
  passThrough: true,
  options: [
    {
      name: "output",
      short: "o",
      value: "FILE",
      file: true,
      summary: `Where to, ${defaultFile} unless given`,
    },
    { name: "pid", value: "PID", summary: "A process that runs already" },
    { name: "seconds", value: "S", summary: "End the recording after so long, and CMD with it" },
    {
      name: "without",
      value: "GROUP",
      repeat: true,
      choices: recordGroups,
      summary: "Leave events out, to be lighter on the guest",
    },
  ],
  examples: [
    {
      about: "what QEMU does in the first two seconds",
      line: "record -o boot.txt.gz --seconds 2 -- qemu-system-x86_64 -accel kvm -display none",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, rest } = context;
  const pid = options.text("pid");
  if ((pid === undefined) === (rest.length === 0)) {
    throw new UsageError(
      `record: give a command after --, or --pid; usage: ioeventfd record ${record.usage}`,
    );
  }
  const seconds = secondsOf(options.text("seconds"));
  const known = pid === undefined ? undefined : parseCount(pid, "pid", 1, 2 ** 22);
  const facts = await hostFacts(context);
  const lacking = lackingToRecord(facts);
  if (lacking.length > 0) {
    const list = lacking.map((what) => `\n  ${what}`).join("");
    throw new EnvironmentError(`record: this host lacks${list}`);
  }
  const path = options.text("output") ?? defaultFile;
  const target = known === undefined
    ? await startStopped(context, rest, path === "-")
    : await runningTarget(context, known);
  return await recordSession(context, {
    facts,
    target,
    command: rest,
    path,
    seconds,
    without: options.texts("without") as readonly RecordGroup[],
  });
}

function secondsOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(seconds > 0 && seconds <= 1e6)) {
    throw new UsageError(`--seconds: "${text}" is not a time; write it like 5 or 0.5`);
  }
  return seconds;
}
