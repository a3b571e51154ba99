/**
 * Draws `docs/what-one-doorbell-costs.svg`: modelled cycles of a kick by the shape of its doorbell, and what they go to.
 *
 * @module
 */
import { costGroups, costParts } from "@ioeventfd/report";
import { compareDoorbells } from "@ioeventfd/scenario";
import { svgText } from "./svg_text.ts";

/** Shapes from the cheapest kind to the dearest, and what a reader calls them. */
const shapes: readonly (readonly [name: string, label: string])[] = [
  ["mmio-zero-length-eventfd", "memory, any length, fast MMIO bus"],
  ["portio-wildcard-eventfd", "port"],
  ["mmio-zero-length-slow", "memory, any length, without that bus"],
  ["mmio-wildcard-eventfd", "memory, one length"],
  ["mmio-four-lengths", "memory, four lengths at one address"],
  ["portio-no-eventfd", "port without an ioeventfd"],
  ["mmio-no-eventfd", "memory without an ioeventfd"],
];

const LEFT = 296, RIGHT = 60, BAR = 22, ROW = 34, TOP = 78, WIDTH = 860;

/** Cycles to pixels. */
function scale(most: number): (cycles: number) => number {
  return (cycles) => Math.round(cycles / most * (WIDTH - LEFT - RIGHT) * 10) / 10;
}

/** The picture. */
export function drawDoorbellCosts(): string {
  const { kernel, rows } = compareDoorbells({ iterations: 16 });
  const bars = shapes.map(([name, label]) => {
    const { work, cycles } = rows.find((row) => row.name === name)!;
    return { label, cycles, parts: costParts(work) };
  });
  const used = costGroups.map((_, group) => bars.some(({ parts }) => parts[group]! > 0));
  const wide = scale(Math.max(...bars.map(({ cycles }) => cycles)));
  const out: string[] = [];
  let x = 16;
  costGroups.forEach(({ name }, group) => {
    if (!used[group]) return;
    out.push(`<rect x="${x}" y="46" width="12" height="12" rx="2" class="p${group}"/>`);
    out.push(svgText(x + 17, 57, name, "small"));
    x += 40 + name.length * 7;
  });
  bars.forEach(({ label, cycles, parts }, i) => {
    const y = TOP + i * ROW;
    out.push(svgText(16, y + BAR - 6, label));
    let from = 0;
    parts.forEach((part, group) => {
      if (part === 0) return;
      const at = LEFT + wide(from), width = Math.max(0.5, wide(from + part) - wide(from) - 1);
      const place = `x="${at.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}"`;
      out.push(`<rect ${place} class="p${group}"/>`);
      from += part;
    });
    out.push(svgText(LEFT + wide(cycles) + 7, y + BAR - 6, cycles.toLocaleString("en"), "number"));
  });
  const height = TOP + bars.length * ROW + 26;
  out.push(
    svgText(
      16,
      height - 10,
      `Modelled, not measured: Linux ${kernel} on VMX with EPT, a kick after the first of its page`,
      "small",
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>What one kick costs, in modelled cycles</title>
<desc>${bars.map(({ label, cycles }) => `${label}: ${cycles}`).join("; ")}</desc>
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.number { font-weight: 600; font-variant-numeric: tabular-nums }
.p0 { fill: #2f6fde } .p1 { fill: #8a95a5 } .p2 { fill: #e08a00 } .p3 { fill: #c94f9b } .p5 { fill: #d23b48 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  .p0 { fill: #5d94f2 } .p1 { fill: #76828f } .p2 { fill: #f0a63a } .p3 { fill: #e07db8 } .p5 { fill: #f0626d }
}
</style>
${svgText(16, 28, "What one kick costs, in cycles", "title")}
${out.join("\n")}
</svg>
`;
}

if (import.meta.main) {
  const file = "docs/what-one-doorbell-costs.svg";
  Deno.writeTextFileSync(new URL(`../${file}`, import.meta.url), drawDoorbellCosts());
  console.log(file);
}
