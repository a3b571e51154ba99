/**
 * What a kick costs, measured on a host's KVM or modelled.
 *
 * @module
 */
import { grouped, significant } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import type { PageBuilder } from "../_page/builder.ts";
import { figure } from "../_page/figure.ts";
import { table, type TableColumn } from "../_page/table.ts";
import { isEmulated } from "../kicks_document.ts";
import type {
  KicksDocument,
  KickSpread,
  MeasuredKick,
  MeasuredKicks,
  ModelledKicks,
} from "../kicks_document.ts";

/** What the others are compared with. */
const reference = "mmio-wildcard-eventfd";

const number = (title: string): TableColumn => ({ title, isNumeric: true });

/** The section. */
export function kicksSection(
  builder: PageBuilder,
  id: string,
  name: string,
  kicks: KicksDocument,
): Html {
  return markup`<article id="${id}">
<h2>${name}</h2>
${kicks.backend === "kvm" ? measured(builder, kicks) : modelled(builder, kicks)}
</article>
`;
}

function measured(builder: PageBuilder, kicks: MeasuredKicks): Html {
  const { rounds, cyclesPerUs, rows } = kicks;
  const drawn = rows.filter(({ takenBy }) => takenBy !== "none");
  return markup`<p class="lead">A kick on a host's KVM, by the shape of its doorbell: a small 64-bit guest, one byte,
medians of ${grouped(rounds)} rounds.</p>
<ul class="findings">${path(kicks)}${saved(rows)}${emulated(rows)}</ul>
<section>
<h3>Measured nanoseconds</h3>
<p>Of the host's clock, without the guest's loop around the kick. Where userspace takes it, the way through Deno's FFI
is in it, which a VMM in C has not.</p>
${bars(builder, "Nanoseconds of one kick", drawn.map(({ name, netNs }) => [name, netNs]), "ns")}
</section>
<section>
<h3>All figures</h3>
${measuredTable(rows)}
<p class="note">Cycles are of the time-stamp counter, ${
    grouped(cyclesPerUs)
  } in a µs, read by the guest around its
loop; nanoseconds are of the host's clock. Net is without the empty loop. × is of net ns, to ${reference}.</p>
</section>`;
}

function finding(weight: "good" | "info", text: string): Html {
  const mark = weight === "good" ? "✓" : "·";
  return markup`<li class="${weight}"><span class="mark" aria-hidden="true">${mark}</span><span>${text}</span></li>`;
}

function path({ fastMmio }: MeasuredKicks): Html {
  if (fastMmio === null) return finding("info", "This kernel has no zero-length doorbells.");
  return fastMmio
    ? finding("good", "Zero-length doorbells take the fast MMIO path: no walk, no decoding.")
    : finding(
      "info",
      "No fast MMIO path here: zero-length doorbells in memory go through KVM's emulator like others.",
    );
}

/** What an ioeventfd saves of a way to userspace and back. */
function saved(rows: readonly MeasuredKick[]): Html {
  const net = (name: string): number => rows.find((row) => row.name === name)?.netNs ?? 0;
  const [slow, quick] = [net("mmio-no-eventfd"), net(reference)];
  if (slow <= 0 || quick <= 0) return markup``;
  return finding(
    "info",
    `A store to userspace takes ${
      significant(slow / quick)
    } times what one to an ioeventfd takes: ${significant(slow)} ns against ${
      significant(quick)
    } ns.`,
  );
}

function emulated(rows: readonly MeasuredKick[]): Html {
  const loop = rows.find(({ takenBy }) => takenBy === "none")?.cycles.median ?? 0;
  if (!isEmulated(loop)) return markup``;
  return finding(
    "info",
    `KVM emulates every instruction of such a guest on this host: its loop alone takes ${
      grouped(loop)
    } cycles.`,
  );
}

function measuredTable(rows: readonly MeasuredKick[]): Html {
  const base = rows.find(({ name }) => name === reference)?.netNs ?? 0;
  const cell = (value: number) => ({ shown: significant(value), key: value });
  const range = ({ lowerQuartile, upperQuartile }: KickSpread): string =>
    `${significant(lowerQuartile)} – ${significant(upperQuartile)}`;
  return table({
    caption: "A kick of each shape: medians and quartiles of the rounds, measured",
    columns: [
      { title: "Shape" },
      { title: "Taken by" },
      number("Net ns"),
      number("×"),
      number("ns"),
      number("Quartiles, ns"),
      number("Net cycles"),
      number("Cycles"),
      number("Quartiles, cycles"),
      number("Kicks a round"),
    ],
    rows: rows.map((row) => {
      const isLoop = row.takenBy === "none";
      const net = (value: number) => isLoop ? { shown: "–", key: null } : cell(value);
      return {
        cells: [
          markup`${row.name}<span class="name">${row.about}</span>`,
          isLoop ? "–" : row.takenBy,
          net(row.netNs),
          isLoop || base <= 0
            ? { shown: "–", key: null }
            : { shown: (row.netNs / base).toFixed(2), key: row.netNs / base },
          cell(row.ns.median),
          { shown: range(row.ns), key: row.ns.lowerQuartile },
          net(row.netCycles),
          cell(row.cycles.median),
          { shown: range(row.cycles), key: row.cycles.lowerQuartile },
          cell(row.kicks),
        ],
      };
    }),
    isSortable: true,
  });
}

function modelled(builder: PageBuilder, { kernel, kicks, rows }: ModelledKicks): Html {
  const timed = rows.filter(({ simulatorNs }) => simulatorNs !== null);
  return markup`<p class="lead">A kick on the model, by the shape of its doorbell: Linux ${kernel}, VMX with EPT,
${grouped(kicks)} kicks of each.</p>
<section>
<h3>Modelled cycles</h3>
<p>Counted work times a cost table, which <code>ioeventfd compare</code> prints; no machine was measured for this.</p>
${bars(builder, "Modelled cycles of one kick", rows.map((row) => [row.name, row.cycles]), "cycles")}
</section>
${
    timed.length === 0 ? "" : markup`<section>
<h3>Measured on the host</h3>
<p>Nanoseconds of this simulator on the host it ran on: a property of the simulator, not of any kernel.</p>
${
      bars(
        builder,
        "Nanoseconds of the simulator for one kick",
        timed.map((row) => [row.name, row.simulatorNs ?? 0]),
        "ns",
      )
    }
</section>
`
  }`;
}

function bars(
  builder: PageBuilder,
  title: string,
  rows: readonly (readonly [name: string, value: number])[],
  unit: "ns" | "cycles",
): Html {
  const shown = unit === "ns" ? significant : grouped;
  return figure(builder, {
    title,
    data: {
      kind: "bars",
      labels: rows.map(([name]) => name),
      series: [{ name: unit, colour: 0, values: rows.map(([, value]) => Math.max(0, value)) }],
      unit,
    },
    table: table({
      caption: title,
      isCaptionHidden: true,
      columns: [{ title: "Shape" }, number(unit)],
      rows: rows.map(([name, value]) => ({ cells: [name, shown(value)] })),
    }),
  });
}
