/**
 * `ioeventfd explain`: one registration, and what each release answers.
 *
 * @module
 */
import { textTable } from "@ioeventfd/capture/text-table";
import { explain as answer, parseRegistrationSet } from "@ioeventfd/advisor";
import type { Explanation, RegistrationSet } from "@ioeventfd/advisor";
import {
  busFromFlags,
  errno as errnoNumbers,
  hex,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import { UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { inputName } from "../host.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenReleases, kernelsOption } from "../kernel_option.ts";
import { parseCount, parseU64 } from "../numbers.ts";
import type { OptionValues } from "../option_values.ts";
import { datamatchText, registrationJson } from "./_registration_json.ts";

/** `ioeventfd explain`. */
export const explain: Command = {
  name: "explain",
  summary: commandSummaries.explain,
  usage:
    "--addr ADDR --len LEN [--datamatch VALUE] [--pio] [--history FILE] [--kernel RELEASE|all]",
  description:
    `For each release the errno, the check that refuses and, for a collision, with what and by which
clause of the rule. Of what is accepted: whether it can fire, and whom it hides. What was registered
before comes from --history, a set as \`lint\` takes it. A refusal is an answer: the exit code is 0.`,
  operands: [0, 0],
  options: [
    { name: "addr", value: "ADDR", summary: "Guest physical address or port, hex or decimal" },
    { name: "len", value: "LEN", summary: "Length in bytes; 0 takes any" },
    { name: "datamatch", value: "VALUE", summary: "Signal on this value alone" },
    { name: "pio", summary: "A port" },
    { name: "ccw", summary: "A subchannel id of s390" },
    { name: "flags", value: "BITS", summary: "Further flag bits, as in struct kvm_ioeventfd" },
    { name: "history", value: "FILE", file: true, summary: "Registrations made before" },
    kernelsOption,
    jsonOption,
  ],
  examples: [
    {
      about: "why does length 4 not go where zero length is?",
      line: "explain --addr 0xfebfb000 --len 4 --history scenarios/sets/virtio-queues.jsonl",
    },
    {
      about: "since when may a port have zero length?",
      line: "explain --addr 0x510 --len 0 --pio --kernel all",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, stdout } = context;
  const registration = registrationOf(options);
  const file = options.text("history");
  const history = file === undefined
    ? []
    : parseRegistrationSet(await context.readText(file), inputName(file));
  const answers = chosenReleases(options).map((release) => answer(registration, history, release));
  const text = options.flag("json")
    ? jsonDocument(explainJson(registration, history, answers))
    : fitText(explainText(context, registration, history, answers), stdout);
  await stdout.write(text);
  return 0;
}

function registrationOf(options: OptionValues): Registration {
  const addr = options.text("addr"), len = options.text("len");
  if (addr === undefined || len === undefined) {
    throw new UsageError("explain: --addr ADDR and --len LEN say what is registered");
  }
  const datamatch = options.text("datamatch");
  const flags = (datamatch === undefined ? 0 : KVM_IOEVENTFD_FLAG_DATAMATCH) |
    (options.flag("pio") ? KVM_IOEVENTFD_FLAG_PIO : 0) |
    (options.flag("ccw") ? KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY : 0) |
    parseCount(options.text("flags") ?? "0", "flags", 0, 0xffff_ffff);
  if (flags & 4) throw new UsageError("explain: --flags has DEASSIGN, which registers nothing");
  return {
    addr: parseU64(addr, "addr"),
    len: parseCount(len, "len", 0, 0xffff_ffff),
    flags: flags >>> 0,
    datamatch: parseU64(datamatch ?? "0", "datamatch"),
  };
}

function explainJson(
  registration: Registration,
  history: RegistrationSet,
  answers: readonly Explanation[],
): Record<string, unknown> {
  const { addr, len, flags } = registration;
  return {
    registration: {
      bus: busFromFlags(flags),
      addr: hex(addr),
      len,
      flags,
      datamatch: datamatchText(registration) || null,
    },
    kernels: answers.map((
      { kernel, errno, check, detail, collidesWith, clause, finding, hides },
    ) => ({
      kernel,
      errno,
      check,
      detail: detail === "" ? null : detail,
      collidesWith: collidesWith === null ? null : stepJson(history, collidesWith),
      clause,
      fires: finding === null ? null : finding.verdict,
      lost: finding?.writes ?? [],
      hiddenBy: finding?.hiddenBy ?? [],
      why: finding === null || finding.why === "" ? null : finding.why,
      hides,
    })),
  };
}

function stepJson(history: RegistrationSet, index: number): Record<string, unknown> {
  const entry = history[index]!;
  if (entry.kind !== "assign") return { index };
  return { index, ...registrationJson(entry.registration) };
}

function explainText(
  { style }: Context,
  registration: Registration,
  history: RegistrationSet,
  answers: readonly Explanation[],
): string {
  const { addr, len, flags } = registration;
  const datamatch = datamatchText(registration);
  const value = datamatch === "" ? "" : ` datamatch ${datamatch}`;
  const after = history.length === 0
    ? ""
    : `, after ${history.length} step${history.length === 1 ? "" : "s"}`;
  const [heading, ...rows] = textTable(
    [{ title: "kernel" }, { title: "answer" }, { title: "check" }, { title: "collides with" }, {
      title: "clause",
    }],
    answers.map(({ kernel, errno, check, collidesWith, clause }) => [
      kernel,
      errno === null ? style.green("accepted") : style.red(`${errno} (${errnoNumbers[errno]})`),
      check ?? "",
      collidesWith === null ? "" : nameOf(history, collidesWith),
      clause ?? "",
    ]),
  );
  const remarks = remarksByKernel(answers);
  return [
    style.bold(
      `${busFromFlags(flags)} ${hex(addr)} len ${len}${value} flags ${hex(flags)}${after}`,
    ),
    "",
    style.bold(heading!),
    ...rows,
    ...(remarks.length > 0 ? ["", ...remarks] : []),
    "",
  ].join("\n");
}

function nameOf(history: RegistrationSet, index: number): string {
  const entry = history[index]!;
  const name = entry.kind === "assign" ? entry.registration.name : undefined;
  return name === undefined ? `#${index}` : `#${index} ${JSON.stringify(name)}`;
}

/** Each remark once, behind the releases it is about where those are not all. */
function remarksByKernel(answers: readonly Explanation[]): string[] {
  const kernels = new Map<string, string[]>();
  for (const answer of answers) {
    for (const remark of remarksOf(answer)) {
      kernels.set(remark, [...kernels.get(remark) ?? [], answer.kernel]);
    }
  }
  return [...kernels].map(([remark, on]) =>
    on.length === answers.length ? remark : `${on.join(", ")}: ${remark}`
  );
}

function remarksOf({ detail, finding, hides, refusedBefore }: Explanation): string[] {
  const remarks = detail === "" ? [] : [`${detail}.`];
  if (finding !== null && finding.why !== "") {
    const so = finding.verdict === "dead"
      ? "Accepted, and silently dead"
      : finding.verdict === "never"
      ? "Accepted, and it can never fire"
      : "Accepted";
    remarks.push(`${so}: ${finding.why}.`);
  }
  const steps = (of: readonly number[]): string => of.map((i) => `#${i}`).join(", ");
  if (hides.length > 0) {
    remarks.push(
      `Accepted, and it hides ${steps(hides)} from writes: lint of the set finds a safe order.`,
    );
  }
  if (refusedBefore.length > 0) {
    remarks.push(`Refused of what was registered before: ${steps(refusedBefore)}.`);
  }
  return remarks;
}
