/**
 * `ioeventfd caps`: capabilities and rules by release.
 *
 * @module
 */
import { textTable } from "@ioeventfd/capture/text-table";
import * as uapi from "@ioeventfd/uapi";
import type { KernelRelease } from "@ioeventfd/uapi";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenReleases, kernelsOption } from "../kernel_option.ts";
import { groupNames, ruleNames } from "./_rule_names.ts";

const LIKE_BEFORE = "=     as in the release before";
const SEED = "seed  the commit that brought zero length, and nothing after it";

/** `ioeventfd caps`. */
export const caps: Command = {
  name: "caps",
  summary: commandSummaries.caps,
  usage: "[--kernel RELEASE|all] [--json]",
  description:
    `One row per rule, one column per release; = means as in the release before, seed is Linux with
the commit that brought zero length and nothing after it. All releases unless one is named. On a
narrow terminal, changes stand one behind the other.`,
  operands: [0, 0],
  options: [
    { ...kernelsOption, summary: "One release, all of them unless given" },
    jsonOption,
  ],
  examples: [
    { about: "what changed from 3.14 to 6.19", line: "caps" },
    { about: "the rules of one release, for a script", line: "caps --kernel 4.4 --json" },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, stdout, style } = context;
  const releases = options.has("kernel") ? chosenReleases(options) : uapi.kernelReleases;
  if (options.flag("json")) {
    await stdout.write(jsonDocument({ releases: releases.map(withNames) }));
    return 0;
  }
  const names = releases.map((one) => one.name);
  const wide = lines(names, sections(releases), (values) => values);
  const isNarrow = stdout.isTerminal && wide.some((line) => line.length > stdout.columns);
  const [heading, ...rest] = isNarrow
    ? lines([`${names[0]}, and what changed`], sections(releases), changes(names))
    : wide;
  const painted = rest.map((line) => (line.startsWith(" ") ? line : style.bold(line)));
  const legend = releases.length === 1 ? [] : ["", ...(isNarrow ? [] : [LIKE_BEFORE]), SEED];
  await stdout.write(fitText([style.bold(heading!), ...painted, ...legend, ""].join("\n"), stdout));
  return 0;
}

function lines(
  titles: readonly string[],
  all: readonly Section[],
  cells: (values: readonly string[]) => readonly string[],
): string[] {
  const rows = all.flatMap(({ title, rows }) => [
    [title],
    ...rows.map(([name, values]) => [`  ${name}`, ...cells(values)]),
  ]);
  return textTable([{ title: "" }, ...titles.map((title) => ({ title }))], rows);
}

/** `no; 4.4: yes`, where there is no room for a column a release. */
function changes(names: readonly string[]): (values: readonly string[]) => string[] {
  return (values) => [
    values.flatMap((value, i) => i === 0 ? [value] : value === "=" ? [] : [`${names[i]}: ${value}`])
      .join("; "),
  ];
}

interface Section {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, values: readonly string[]])[];
}

function sections(releases: readonly KernelRelease[]): Section[] {
  const numbers = [...new Set(releases.flatMap((one) => Object.keys(one.capabilities)))].map(
    Number,
  );
  const capabilities: Section = {
    title: "KVM_CHECK_EXTENSION",
    rows: numbers.sort((a, b) => a - b).map((number) => [
      capabilityName(number),
      likeBefore(releases.map((one) => String(one.capabilities[number] ?? 0))),
    ]),
  };
  const groups = Object.keys(groupNames) as (keyof typeof groupNames)[];
  return [
    capabilities,
    ...groups.map((group): Section => ({
      title: groupNames[group],
      rows: Object.keys(releases[0]?.[group] ?? {}).map((field) => [
        nameOf(group, field),
        likeBefore(releases.map((one) => shown(field, Object.entries(one[group])))),
      ]),
    })),
  ];
}

function nameOf(group: keyof typeof ruleNames, field: string): string {
  return Object.entries(ruleNames[group]).find(([one]) => one === field)?.[1] ?? field;
}

function shown(field: string, rules: readonly [string, unknown][]): string {
  const value = rules.find(([name]) => name === field)?.[1];
  if (value === null || value === undefined) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (field === "validFlags") return uapi.hex(Number(value));
  return Array.isArray(value) ? value.join("+") : String(value);
}

function likeBefore(values: readonly string[]): string[] {
  return values.map((value, i) => (i > 0 && value === values[i - 1] ? "=" : value));
}

function capabilityName(number: number): string {
  const found = Object.entries<unknown>(uapi).find(([name, value]) =>
    name.startsWith("KVM_CAP_") && value === number
  );
  return `${number} ${found === undefined ? "" : found[0].slice("KVM_CAP_".length)}`.trim();
}

function withNames(one: KernelRelease): Record<string, unknown> {
  const named = Object.entries(one.capabilities).map(([number, value]) => [
    capabilityName(Number(number)).split(" ")[1] ?? number,
    { number: Number(number), value },
  ]);
  return { ...one, capabilities: Object.fromEntries(named) };
}
