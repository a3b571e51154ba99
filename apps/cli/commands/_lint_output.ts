import { textTable } from "@ioeventfd/capture/text-table";
import type { Finding, LintReport, RecordedLint, RecordedSet } from "@ioeventfd/advisor";
import { busFromFlags, hex } from "@ioeventfd/uapi";
import type { Style } from "../style.ts";
import { datamatchText, registrationJson } from "./_registration_json.ts";

/** A set, or a VM of a recording, that was judged. */
export type Linted =
  | { readonly report: LintReport; readonly recorded: null }
  | { readonly report: RecordedLint; readonly recorded: RecordedSet };

/** As JSON: u64s as hex strings. The VMs of a recording come as `vms`; a single one as a set does, too. */
export function lintJson(linted: readonly Linted[]): Record<string, unknown> {
  const documents = linted.map(reportJson);
  const [only] = documents;
  if (linted.some((one) => one.recorded === null)) return only!;
  return documents.length === 1 ? { ...only, vms: documents } : { vms: documents };
}

function reportJson(one: Linted): Record<string, unknown> {
  const { report, recorded } = one;
  const finding = (found: Finding): Record<string, unknown> => ({
    ...findingJson(found),
    ...(one.recorded === null ? {} : {
      line: one.recorded.lines[found.index],
      since: one.report.since.get(found.index) ?? null,
    }),
  });
  return {
    ...(recorded === null ? {} : { process: recorded.process, vm: recorded.vm }),
    kernels: report.releases.map(({ kernel }) => kernel),
    registrations: report.registrations.map(finding),
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
  return { index, ...registrationJson(registration), errno, verdict, writes, hiddenBy, why };
}

/** As text: a table for each VM and each group of releases that agree, then the order. */
export function lintText(linted: readonly Linted[], style: Style): string {
  const lines: string[] = [];
  for (const { report, recorded } of linted) {
    if (recorded === null) {
      lines.push(...releaseLines(report, style));
    } else {
      lines.push(style.bold(`VM ${recorded.vm} of process ${recorded.process}`));
      if (report.registrations.length === 0) {
        lines.push("No registration was in force while its guest ran", "");
        continue;
      }
      lines.push(...findingLines(report.registrations, recorded.lines, style), "");
    }
    lines.push(...orderLines(report, style), "", summaryLine(report, style), "");
  }
  return lines.join("\n");
}

function releaseLines({ releases }: LintReport, style: Style): string[] {
  const groups = new Map<string, { kernels: string[]; findings: readonly Finding[] }>();
  for (const { kernel, registrations } of releases) {
    const key = JSON.stringify(
      registrations.map((
        { verdict, writes, why, errno },
      ) => [verdict, writes, why.replace(`on ${kernel} `, ""), errno]),
    );
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { kernels: [kernel], findings: registrations });
    else group.kernels.push(kernel);
  }
  return [...groups.values()].flatMap(({ kernels, findings }) => [
    ...(releases.length > 1 ? [style.bold(`Linux ${kernels.join(", ")}`)] : []),
    ...findingLines(findings, null, style),
    "",
  ]);
}

function findingLines(
  findings: readonly Finding[],
  lineOf: readonly number[] | null,
  style: Style,
): string[] {
  const [heading, ...rows] = textTable(
    [
      { title: "#", align: "right" },
      lineOf === null ? { title: "name", spare: 1 } : { title: "line", align: "right" },
      { title: "bus", spare: 3 },
      { title: "address" },
      { title: "len", align: "right" },
      { title: "datamatch", spare: 2 },
      { title: "verdict" },
      { title: "lost lengths" },
      { title: "hidden by" },
    ],
    findings.map(({ index, registration, verdict, writes, hiddenBy }) => [
      String(index),
      lineOf === null ? registration.name ?? "" : String(lineOf[index]),
      busFromFlags(registration.flags),
      hex(registration.addr),
      String(registration.len),
      datamatchText(registration),
      painted(verdict, writes.length > 0, style),
      writes.join(" "),
      hiddenBy.map((step) => `#${step}`).join(" "),
    ]),
    { room: style.room },
  );
  const remarks = new Map<string, string[]>();
  for (const { index, why } of findings) {
    if (why !== "") remarks.set(why, [...(remarks.get(why) ?? []), `#${index}`]);
  }
  const told = [...remarks].map(([why, whose]) => `${whose.join(", ")}: ${why}`);
  return [style.bold(heading!), ...rows, ...(told.length > 0 ? ["", ...told] : [])];
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
