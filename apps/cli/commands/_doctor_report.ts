/**
 * What this host can do, as rows for people and as one JSON document.
 *
 * @module
 */
import { textTable } from "@ioeventfd/capture/text-table";
import { usedTracepoints } from "@ioeventfd/capture";
import { capabilities } from "@ioeventfd/uapi";
import { type HostFacts, lackingToRecord } from "../_host_facts.ts";
import type { Style } from "../style.ts";

/** What the host's KVM answers, or why it was not asked. */
export type KvmAnswers =
  | {
    /** It was asked. */
    readonly ok: true;
    /** `KVM_GET_API_VERSION`. */
    readonly apiVersion: number;
    /** Answers of `KVM_CHECK_EXTENSION` by name. */
    readonly capabilities: Readonly<Record<string, number>>;
    /** Whether a guest's store gets to the fast MMIO bus; null when it cannot be told. */
    readonly fastMmio: boolean | null;
  }
  | {
    /** It was not. */
    readonly ok: false;
    /** Why. */
    readonly reason: string;
  };

/** All that was found. */
export interface Diagnosis {
  /** Files, devices, programs. */
  readonly facts: HostFacts;
  /** The host's KVM. */
  readonly kvm: KvmAnswers;
  /** Version of Deno. */
  readonly deno: string;
}

/** A part of the command, and what it lacks here. */
interface Feature {
  readonly name: string;
  readonly lacks: readonly string[];
}

const NOT_LOOKED_AT = "not looked at: run with --allow-run";

/** What of the command works here. */
export function features({ facts, kvm }: Diagnosis): Feature[] {
  const lackKvm = kvm.ok ? [] : [firstPart(kvm.reason)];
  const program = (name: string, to: string): string[] =>
    facts.programs.has(name) ? [] : [`${name}: install it to ${to}`];
  const seen = (lacks: readonly string[]): readonly string[] =>
    facts.system === "" ? [NOT_LOOKED_AT] : lacks;
  return [
    { name: "the model, replay, all the rest", lacks: [] },
    { name: "--backend kvm", lacks: lackKvm },
    { name: "record", lacks: seen(lackingToRecord(facts)) },
    { name: "the native peer of bench", lacks: seen(program("cc", "build it")) },
    {
      name: "tests of pages and of record",
      lacks: seen([
        ...program("chromium", "open a page"),
        ...program("qemu-system-x86_64", "boot a guest"),
      ]),
    },
  ];
}

/** One screen of text. */
export function diagnosisText(diagnosis: Diagnosis, style: Style): string {
  const { facts, kvm, deno } = diagnosis;
  const { programs } = facts;
  const unseen = facts.system === "" ? "not looked at" : "";
  const yes = (text: string): string => `${style.green("yes")}  ${text}`;
  const no = (text: string): string => `${style.red("no")}   ${text}`;
  const program = (title: string, name: string): [string, string] => {
    const found = programs.get(name);
    return [title, found === undefined ? no(unseen) : yes(/\d+(\.\d+)+/.exec(found)?.[0] ?? found)];
  };
  const rows: [string, string][] = [
    [
      "Host",
      facts.system === ""
        ? no(NOT_LOOKED_AT)
        : `     ${facts.system} ${facts.kernel}, ${facts.cpu}`,
    ],
    ["KVM", kvm.ok ? yes(`API version ${kvm.apiVersion}`) : no(firstPart(kvm.reason))],
    ...(kvm.ok ? zeroLength(kvm.capabilities, yes, no) : []),
    ["  extended page tables", pagingText(facts, yes, no)],
    ...(kvm.ok ? [["  fast MMIO bus", fastText(kvm.fastMmio, yes, no)] as [string, string]] : []),
    ["tracefs", tracefsText(facts, yes, no)],
    ["  kvm_exit", exitText(facts, yes, no)],
    program("bpftrace", "bpftrace"),
    ["BTF", facts.btf ? yes("") : no(unseen || "record does without, unless bpftrace asks for it")],
    program("C compiler", "cc"),
    program("QEMU", "qemu-system-x86_64"),
    program("Chromium", "chromium"),
    program("Python", "python3"),
    ["Deno", yes(deno)],
  ];
  const works = features(diagnosis).flatMap(({ name, lacks }) => [
    [name, lacks.length === 0 ? yes("") : no(lacks[0]!)],
    ...lacks.slice(1).map((what) => ["", `     ${what}`]),
  ]);
  const columns = [{ title: "" }, { title: "" }];
  const lines = [
    ...textTable(columns, rows).slice(1),
    "",
    style.bold("What works here"),
    ...textTable(columns, works).slice(1),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** The reason without its advice, which may be long. */
function firstPart(reason: string): string {
  return reason.split(/[;,]/, 1)[0]!;
}

type Mark = (text: string) => string;

function zeroLength(
  answers: Readonly<Record<string, number>>,
  yes: Mark,
  no: Mark,
): [string, string][] {
  const has = (name: string): boolean => (answers[name] ?? 0) > 0;
  const shown = (name: string): string => {
    const text = `${name} (${capabilities[name]})`;
    return has(name) ? yes(text) : no(text);
  };
  return [
    ["  ioeventfds of zero length", shown("KVM_CAP_IOEVENTFD_NO_LENGTH")],
    ["  on ports too", shown("KVM_CAP_IOEVENTFD_ANY_LENGTH")],
  ];
}

/** What the modules and the CPU say of two-dimensional paging. */
function pagingText(facts: HostFacts, yes: Mark, no: Mark): string {
  const { system, parameters, virtualization } = facts;
  if (system === "") return no("not looked at");
  const ept = parameters.get("kvm_intel.ept");
  if (ept !== undefined) return ept === "Y" ? yes("kvm_intel.ept=Y") : no(`kvm_intel.ept=${ept}`);
  const npt = parameters.get("kvm_amd.npt");
  if (npt !== undefined) return no(`SVM, kvm_amd.npt=${npt}: it has no fast MMIO bus`);
  return no(
    virtualization === "" ? "the CPU shows neither VMX nor SVM" : "kvm_intel is not loaded",
  );
}

function fastText(fast: boolean | null, yes: Mark, no: Mark): string {
  if (fast === null) return no("it cannot be told");
  return fast ? yes("a doorbell of zero length is taken there") : no("stores are decoded");
}

function tracefsText(facts: HostFacts, yes: Mark, no: Mark): string {
  if (facts.system === "") return no("not looked at");
  if (facts.tracefsAccess === "missing") return no("it is not mounted");
  if (facts.tracefsAccess === "denied") return no(`only root may read ${facts.tracefs}`);
  const missing = usedTracepoints.filter((name) => !facts.tracepoints.has(name));
  const some = `${facts.tracefs}, ${facts.tracepoints.size} of ${usedTracepoints.length} events`;
  return yes(missing.length === 0 ? some : `${some}; without ${missing.join(", ")}`);
}

function exitText(
  { system, tracepoints, virtualization }: HostFacts,
  yes: Mark,
  no: Mark,
): string {
  if (system === "") return no("not looked at");
  if (!tracepoints.has("kvm:kvm_exit")) return no("");
  return virtualization === "" ? no("it never comes without VMX or SVM") : yes("");
}

/** One JSON document. */
export function diagnosisJson(diagnosis: Diagnosis): Record<string, unknown> {
  const { facts, kvm, deno } = diagnosis;
  return {
    host: {
      system: facts.system,
      kernel: facts.kernel,
      cpu: facts.cpu,
      virtualization: facts.virtualization,
      uid: facts.uid,
      lockdown: facts.lockdown,
    },
    kvm: { device: facts.kvm, ...kvm },
    parameters: Object.fromEntries(facts.parameters),
    tracefs: { access: facts.tracefsAccess, path: facts.tracefs },
    tracepoints: Object.fromEntries(
      usedTracepoints.map((name) => [name, facts.tracepoints.has(name)]),
    ),
    btf: facts.btf,
    programs: Object.fromEntries(facts.programs),
    deno,
    features: features(diagnosis).map(({ name, lacks }) => ({
      name,
      works: lacks.length === 0,
      lacks,
    })),
  };
}
