/**
 * `ioeventfd lint`: registrations that were accepted and do not fire.
 *
 * @module
 */
import { lint as judge, parseRegistrationSet } from "@ioeventfd/advisor";
import type { Finding, LintReport } from "@ioeventfd/advisor";
import { busFromFlags, hex, KVM_IOEVENTFD_FLAG_DATAMATCH } from "@ioeventfd/uapi";
import type { Command, Context } from "../command.ts";
import { chosenReleases, kernelsOption } from "../kernel_option.ts";
import type { Style } from "../style.ts";
import { textTable } from "../text_table.ts";

/** `ioeventfd lint`. */
export const lint: Command = {
  name: "lint",
  summary: "Registrations that were accepted and do not fire, and an order in which they do",
  usage: "SET [--kernel RELEASE|all] [--ept] [--json]",
  description:
    `SET is JSON (an array, or lines) of registrations in the order in which they are made:
  {"addr":"0xfebfb004","len":0,"flags":0,"datamatch":"0x0","name":"tx"}
flags and datamatch may be left out where they are 0. {"op":"deassign","fd":1} takes one away
that was made with "fd":1; {"ram":{"gpa":"0x0","size":"0x200000"}}, {"zone":{"addr":"0xd0000000",
"size":4096}}, {"irqchip":"full"} and {"pit":true} are what else a VM may have. - is stdin.

A registration is dead when the bus's search never comes to it, because of others: no errno says
so. It never fires when no guest write can match it. The exit code is 1 when something is dead.`,
  operands: [1, 1],
  options: [
    kernelsOption,
    {
      name: "ept",
      summary: "The host is VMX with EPT: zero-length MMIO has the fast MMIO bus too",
    },
    { name: "json", summary: "One JSON document on stdout" },
  ],
  examples: [
    { about: "zero length at A+4, then length 4 at A", line: "lint scenarios/sets/dead-pair.json" },
    {
      about: "the queues of a device, on every release",
      line: "lint scenarios/sets/virtio-queues.jsonl --kernel all",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, operands, stdout, style } = context;
  const path = operands[0]!;
  const set = parseRegistrationSet(await context.readText(path), path);
  const report = judge(set, { releases: chosenReleases(options), ept: options.flag("ept") });
  const text = options.flag("json")
    ? JSON.stringify(lintJson(report), null, 2) + "\n"
    : lintText(report, style);
  await stdout.write(text);
  return report.registrations.some((one) => one.verdict === "dead") ? 1 : 0;
}

/** The report as JSON: u64s as hex strings. */
export function lintJson(report: LintReport): Record<string, unknown> {
  return {
    kernels: report.releases.map((one) => one.kernel),
    registrations: report.registrations.map(findingJson),
    safeOrder: report.safeOrder,
    robust: report.robust,
    orderWhy: report.orderWhy,
    releases: report.releases.map(({ kernel, registrations }) => ({
      kernel,
      registrations: registrations.map(findingJson),
    })),
  };
}

function findingJson(
  { index, registration, errno, verdict, writes, hiddenBy, why }: Finding,
): Record<string, unknown> {
  const { addr, len, flags, datamatch, name } = registration;
  return {
    index,
    name: name ?? null,
    bus: busFromFlags(flags),
    addr: hex(addr),
    len,
    datamatch: flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? hex(datamatch) : null,
    errno,
    verdict,
    writes,
    hiddenBy,
    why,
  };
}

function lintText(report: LintReport, style: Style): string {
  const lines: string[] = [];
  for (const { kernel, registrations } of report.releases) {
    if (report.releases.length > 1) lines.push(style.bold(`Linux ${kernel}`));
    lines.push(...findingLines(registrations, style), "");
  }
  lines.push(...orderLines(report, style), "", summaryLine(report, style), "");
  return lines.join("\n");
}

function findingLines(findings: readonly Finding[], style: Style): string[] {
  const [heading, ...rows] = textTable(
    [
      { title: "#", align: "right" },
      { title: "name" },
      { title: "bus" },
      { title: "address" },
      { title: "len", align: "right" },
      { title: "datamatch" },
      { title: "verdict" },
      { title: "lost lengths" },
      { title: "hidden by" },
    ],
    findings.map(({ index, registration, verdict, writes, hiddenBy }) => [
      String(index),
      registration.name ?? "",
      busFromFlags(registration.flags),
      hex(registration.addr),
      String(registration.len),
      registration.flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? hex(registration.datamatch) : "",
      painted(verdict, writes.length > 0, style),
      writes.join(" "),
      hiddenBy.map((step) => `#${step}`).join(" "),
    ]),
  );
  const lines = [style.bold(heading ?? ""), ...rows];
  const remarks = findings.filter(({ why }) => why !== "");
  if (remarks.length > 0) lines.push("");
  return [...lines, ...remarks.map(({ index, why }) => `#${index}: ${why}`)];
}

function painted(verdict: Finding["verdict"], partly: boolean, style: Style): string {
  if (verdict === "ok") return partly ? style.yellow("partly") : style.green("ok");
  return verdict === "dead" ? style.red("dead") : style.yellow("never");
}

function orderLines({ safeOrder, orderWhy }: LintReport, style: Style): string[] {
  if (safeOrder === null) return [`${style.bold("No safe order:")} ${orderWhy}`];
  const asGiven = safeOrder.every((step, i) => i === 0 || step > safeOrder[i - 1]!);
  const order = asGiven ? "as it is" : safeOrder.map((step) => `#${step}`).join(" ");
  return [`${style.bold("Safe order:")} ${order}`, style.dim(orderWhy)];
}

function summaryLine({ registrations }: LintReport, style: Style): string {
  const count = (verdict: Finding["verdict"]): number =>
    registrations.filter((one) => one.verdict === verdict).length;
  const dead = count("dead");
  const partly =
    registrations.filter((one) => one.verdict === "ok" && one.writes.length > 0).length;
  const parts = [`${count("ok") - partly} ok`, `${dead} dead`, `${count("never")} never fire`];
  if (partly > 0) parts.splice(1, 0, `${partly} partly lost`);
  return (dead > 0 ? style.red : style.green)(parts.join(", "));
}
