/**
 * What was measured of doorbells, as text and as JSON.
 *
 * @module
 */
import { counted, grouped } from "@ioeventfd/capture/counted";
import { textTable } from "@ioeventfd/capture/text-table";
import { isEmulated } from "@ioeventfd/report/kicks-document";
import type { DoorbellComparison } from "@ioeventfd/scenario";
import type { Style } from "../style.ts";
import type { BenchRow, LiveBench } from "./_bench_live.ts";
import type { Spread } from "./_bench_spread.ts";

/** What the host says of itself. */
export interface HostPaging {
  /** `Y` or `N` of kvm_intel's parameter, or null where there is no such file or it may not be read. */
  readonly eptParameter: string | null;
}

/** Which path zero-length doorbells take here, in a sentence. */
function fastSentence({ fastMmio }: LiveBench, { eptParameter }: HostPaging): string {
  const told = "told by what a REP STOSB over two such doorbells signals";
  const module = eptParameter === null
    ? "kvm_intel's parameter ept is not there to be read"
    : `kvm_intel's parameter ept is ${eptParameter}`;
  if (fastMmio === null) return `No zero-length doorbells here; ${module}.`;
  const path = fastMmio
    ? "Zero-length doorbells take the fast MMIO path (EPT misconfig, no emulation)"
    : "No fast MMIO path here: zero-length doorbells in memory go through the emulator like others";
  return `${path}, ${told}; ${module}.`;
}

/** A live measurement as text. */
export function liveText(bench: LiveBench, paging: HostPaging, style: Style): string {
  const { rows, rounds, cyclesPerUs } = bench;
  const reference = rows.find(({ name }) => name === "mmio-wildcard-eventfd")!;
  const right = (title: string) => ({ title, align: "right" }) as const;
  const [heading, ...lines] = textTable(
    [
      { title: "" },
      { title: "taken by" },
      { ...right("kicks"), spare: 2 },
      right("cycles"),
      { ...right("quartiles"), spare: 1 },
      right("ns"),
      { ...right("quartiles"), spare: 1 },
      { ...right("net cycles"), spare: 3 },
      right("net ns"),
      right("ratio"),
    ],
    rows.map((row) => [
      row.name,
      row.takenBy,
      grouped(row.kicks),
      whole(row.cycles.median),
      quartiles(row.cycles),
      whole(row.ns.median),
      quartiles(row.ns),
      ...(row.takenBy === "none" ? ["", "", ""] : [
        whole(row.net.cycles),
        whole(row.net.ns),
        (row.net.ns / reference.net.ns).toFixed(2),
      ]),
    ]),
    { room: style.room },
  );
  return [
    `${style.bold("A kick on this host's KVM, by the shape of its doorbell")}: medians of ` +
    `${rounds} rounds, a small 64-bit guest, one byte`,
    "",
    style.bold(heading!),
    ...lines,
    "",
    fastSentence(bench, paging),
    ...emulated(rows),
    "Measured: cycles of the time-stamp counter, which the guest reads before and after its loop",
    `(${Math.round(cyclesPerUs)} in a µs), and nanoseconds of the host's clock around the loop.`,
    'Where it says "userspace", a kick comes to this program and goes back: the way through Deno\'s',
    "FFI is in it, which a VMM in C has not. Net is without the empty loop; the ratio is of net ns,",
    "to mmio-wildcard-eventfd.",
    "",
  ].join("\n");
}

function emulated(rows: readonly BenchRow[]): string[] {
  const cycles = rows[0]!.cycles.median;
  if (!isEmulated(cycles)) return [];
  return [
    `KVM emulates every instruction of such a guest here: its loop alone takes ${
      whole(cycles)
    } cycles.`,
  ];
}

/** A live measurement as JSON. */
export function liveJson(bench: LiveBench, paging: HostPaging): Record<string, unknown> {
  const { rows, rounds, fastMmio, cyclesPerUs } = bench;
  return {
    backend: "kvm",
    units: {
      cycles: "measured: guest time-stamp counter by the kick",
      ns: "measured: this host's clock by the kick; userspace exits include Deno's FFI",
      net: "medians of the rounds less what the loop without an access took in each",
    },
    rounds,
    cyclesPerUs,
    path: {
      fastMmio,
      toldBy: "behaviour: signals of a REP STOSB over two zero-length doorbells",
      eptParameter: paging.eptParameter,
    },
    rows,
  };
}

/** A measurement of the model as text. */
export function modelText(comparison: DoorbellComparison, style: Style): string {
  const right = (title: string) => ({ title, align: "right" }) as const;
  const [heading, ...lines] = textTable(
    [{ title: "" }, { title: "path" }, right("modelled cycles"), right("simulator ns")],
    comparison.rows.map(({ name, paths, cycles, hostNs }) => [
      name,
      paths.join(", "),
      whole(cycles),
      hostNs === null ? "-" : whole(hostNs),
    ]),
  );
  return [
    `${style.bold("A kick on the model, by the shape of its doorbell")}: Linux ` +
    `${comparison.kernel}, VMX with EPT, ${counted(comparison.iterations, "kick")}`,
    "",
    style.bold(heading!),
    ...lines,
    "",
    "Cycles are modelled: counted work times the cost table that ioeventfd compare prints.",
    "Nanoseconds are this simulator's on this host, and no kernel's.",
    "",
  ].join("\n");
}

/** A measurement of the model as JSON. */
export function modelJson(comparison: DoorbellComparison): Record<string, unknown> {
  return {
    backend: "sim",
    units: {
      modelledCycles: "modelled: counted work times a cost table",
      simulatorNs: "measured: this simulator on this host, and no kernel",
    },
    kernel: comparison.kernel,
    kicks: comparison.iterations,
    rows: comparison.rows.map(({ name, paths, cycles, hostNs }) => ({
      name,
      paths,
      modelledCycles: cycles,
      simulatorNs: hostNs,
    })),
  };
}

function quartiles({ lowerQuartile, upperQuartile }: Spread): string {
  return `${whole(lowerQuartile)}–${whole(upperQuartile)}`;
}

/** Whole from 10 up, with a decimal below. */
function whole(value: number): string {
  return value < 10 ? value.toFixed(1) : grouped(Math.round(value));
}
