/**
 * What one write costs on each way, and the table those cycles come from.
 *
 * @module
 */
import type { WorkName } from "@ioeventfd/scenario";
import type { KernelRelease } from "@ioeventfd/uapi";
import { costTable } from "@ioeventfd/vmx-sim";
import { cycles, grouped } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import type { PageBuilder } from "../_page/builder.ts";
import { figure } from "../_page/figure.ts";
import { table } from "../_page/table.ts";
import type { CostLine } from "../comparison_document.ts";
import { costGroups, type PathCosts, writePaths } from "../path_costs.ts";
import { pathLabels, pathNames } from "./path_names.ts";

/** Places of the groups in the palette. */
const colours: readonly number[] = [2, 6, 0, 1, 7, 5];

/** The section. */
export function costsSection(
  builder: PageBuilder,
  release: KernelRelease,
  costs: PathCosts,
): Html {
  const groups = costGroups
    .map(({ name }, i) => ({ name, i }))
    .filter(({ i }) => writePaths.some((path) => costs[path].parts[i]! > 0));
  return markup`
    <section id="costs">
    <h2>What one write costs</h2>
    <p>One store or OUT on Linux ${release.name}, VMX with EPT, after the first to its page. Work is counted in a run
    of the model; cycles are that work times the cost table below. Neither is a measurement of a machine.</p>
    ${
    figure(builder, {
      title: "Modelled cycles of one write, by the way it goes",
      data: {
        kind: "bars",
        labels: writePaths.map((path) => pathLabels[path]),
        series: groups.map(({ name, i }) => ({
          name,
          colour: colours[i]!,
          values: writePaths.map((path) => costs[path].parts[i]!),
        })),
        unit: "cycles",
      },
      table: table({
        caption: "Modelled cycles and counted work of one write",
        columns: [
          { title: "Way" },
          ...[
            ...groups.map(({ name }) => name),
            "cycles",
            "page-table reads",
            "decoded",
            "exits to userspace",
          ]
            .map((title) => ({ title, isNumeric: true })),
        ],
        rows: writePaths.map((path) => {
          const { work, parts, cycles: all } = costs[path];
          return {
            cells: [
              pathNames[path],
              ...groups.map(({ i }) => grouped(parts[i]!)),
              grouped(all),
              grouped(work.fetchPageTableReads + work.dataPageTableReads),
              grouped(work.decoded),
              grouped(work.userspaceIo + work.userspaceMmio + work.userspaceOther),
            ],
          };
        }),
      }),
    })
  }
    ${costTableDetails(costTable)}
    </section>
  `;
}

/** A cost table with its sources. */
export function costTableDetails(list: readonly CostLine[]): Html {
  return markup`
    <details><summary>The cost table, with the source of every number</summary>
    ${
    table({
      caption: "Cycles of each kind of work",
      isCaptionHidden: true,
      columns: [
        { title: "Work" },
        { title: "Cycles", isNumeric: true },
        { title: "Published?" },
        { title: "Source", isProse: true },
      ],
      rows: list.map(({ work, cycles: each, fitted, source }) => ({
        cells: [
          workWords[work] ?? work,
          cycles(each),
          fitted ? "fitted" : "published",
          source.replace(/^fitted: /, ""),
        ],
      })),
      kind: "prose",
    })
  }</details>
  `;
}

const words: Readonly<Record<WorkName, string>> = {
  exits: "an exit, and the entry after it",
  fetchPageTableReads: "a guest page-table entry read, to the instruction",
  dataPageTableReads: "a guest page-table entry read, to the address",
  faultPageTableReads: "a guest page-table entry read, for a page fault",
  eptReads: "an EPT entry read",
  spteInstalls: "an MMIO SPTE installed",
  bytesFetched: "an instruction byte fetched",
  decoded: "an instruction decoded",
  emulated: "an instruction emulated",
  kernelDispatches: "the handler in the kernel",
  busCompares: "a comparison on a bus",
  devicesTried: "a device asked",
  userspaceIo: "an exit to userspace for port I/O",
  userspaceMmio: "an exit to userspace for MMIO",
  userspaceOther: "another exit to userspace",
};
const workWords: Readonly<Record<string, string>> = words;
