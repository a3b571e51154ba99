/**
 * The style of the page.
 *
 * @module
 */
import { kickStyle } from "./kick_style.ts";
import { uPlotStyle } from "./uplot.ts";

const light = `
color-scheme: light;
--page: #f6f7f9; --card: #fff; --text: #1b222c; --soft: #556070; --line: #dde2e9; --link: #0b5cad;
--strip: #eef1f5; --shade: #1b222c47; --focus: #0b5cad; --good: #0f7a3d; --warn: #915400; --bad: #bb1f2f; --would: #6b2fb3;
--c0: #2f6fde; --c1: #e08a00; --c2: #8a95a5; --c3: #10915a; --c4: #d23b48; --c5: #8250c8; --c6: #0c94a3; --c7: #c94f9b;
`;

const dark = `
color-scheme: dark;
--page: #12161c; --card: #1a2028; --text: #e4e9f0; --soft: #a2aebd; --line: #323b47; --link: #7db7f5;
--strip: #232b35; --shade: #000; --focus: #7db7f5; --good: #53c98a; --warn: #e7ab4e; --bad: #ff7f88; --would: #c7a2f7;
--c0: #5d94f2; --c1: #f0a63a; --c2: #76828f; --c3: #3fbf85; --c4: #f0626d; --c5: #a983e6; --c6: #35b9c7; --c7: #e07db8;
`;

const base = `
:root { --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace; ${light} }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { ${dark} } }
:root[data-theme=dark] { ${dark} }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.55 var(--sans); }
header, main, footer { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; gap: 4px 24px; align-items: center; padding-top: 20px; }
header h1 { margin: 0; font-size: 22px; flex: 1 1 auto; }
footer { padding-top: 24px; padding-bottom: 40px; color: var(--soft); font-size: 13px; }
h2 { font-size: 21px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 17px; line-height: 1.3; margin: 0 0 4px; }
p { margin: 0 0 10px; max-width: 82ch; text-wrap: pretty; }
a { color: var(--link); }
code { font: 0.92em var(--mono); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 24px; top: 4px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.lead { color: var(--soft); }
.note { color: var(--soft); font-size: 13px; margin-top: 8px; }
.fine::before { content: "✓ "; color: var(--good); font-weight: 700; }
b.good, .good .mark { color: var(--good); } b.warn, .warn .mark { color: var(--warn); }
b.bad, .bad .mark { color: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 14px; }
nav.inputs { max-width: 1240px; margin: 10px auto 0; padding: 0 24px; }
nav.parts { margin: 14px 0 4px; }
article, main > section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 20px 24px; margin: 20px 0; }
article > section { border-top: 1px solid var(--line); margin-top: 22px; padding-top: 18px; }
button, select, input[type=search] { font: inherit; font-size: 14px; color: var(--text); background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; min-height: 32px; }
button { cursor: pointer; } button[aria-pressed=true] { background: var(--strip); border-color: var(--soft); } button:hover { background: var(--strip); }
input[type=search], select { max-width: 100%; }
input[type=checkbox], input[type=range] { accent-color: var(--c0); }
:root:not(.lively) :is(.tools, form.filter, .switch, #theme, .legend, .plot, .lane, .view) { display: none; }
.tiles { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 8px; margin: 12px 0; }
.tile { background: var(--strip); border-radius: 8px; padding: 8px 12px; }
.tile dt { color: var(--soft); font-size: 13px; } .tile dd { margin: 0; display: flex; flex-wrap: wrap; gap: 0 6px; align-items: baseline; }
.tile b { font-size: 20px; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 13px; }
.tile.good b { color: var(--good); } .tile.bad b { color: var(--bad); }
.findings, .plain { list-style: none; margin: 12px 0; padding: 0; }
.findings li { display: flex; gap: 10px; padding: 3px 0; max-width: 96ch; } .plain li { padding: 2px 0; }
.mark { flex: 0 0 1.1em; text-align: center; font-weight: 700; }
.scroll { overflow-x: auto; max-height: 32rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 8px; }
.scroll.more-right { box-shadow: inset -14px 0 12px -12px var(--shade); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 13.5px; }
caption { text-align: left; color: var(--soft); padding: 6px 10px; font-size: 13px; }
caption.unseen { padding: 0; }
th, td { padding: 4px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { white-space: normal; vertical-align: bottom; position: sticky; top: 0; z-index: 2; background: var(--strip); font-weight: 600; }
tbody th { position: sticky; left: 0; z-index: 1; background: var(--card); font-weight: 400; }
thead th:first-child { left: 0; z-index: 3; }
tbody tr:hover > * { background: var(--strip); }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.prose td { white-space: normal; min-width: 9ch; } .prose td.n, .prose code { white-space: nowrap; }
th button { position: relative; border: 0; background: none; padding: 0; min-height: 24px; font-weight: 600; font-size: inherit; text-align: inherit; }
th[aria-sort] button::after { content: "↕"; opacity: 0.35; position: absolute; left: 100%; bottom: 2px; font-size: 11px; padding-left: 1px; }
th[aria-sort=ascending] button::after { content: "↑"; opacity: 1; }
th[aria-sort=descending] button::after { content: "↓"; opacity: 1; }
.doorbells .name { white-space: normal; max-width: 25ch; } .doorbells td:nth-child(5) { white-space: normal; min-width: 10ch; } tr.doorbell th code { font-weight: 700; }
.whole { white-space: nowrap; } .bus, .name { color: var(--soft); } .name { display: block; font-size: 12.5px; } .none { color: var(--soft); opacity: 0.75; }
.would { display: none; color: var(--would); } .zero .would { display: inline; } .zero .was { display: none; }
.filter, .tools { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin: 8px 0; font-size: 14px; }
.filter output, .view { color: var(--soft); font-size: 13px; }
.tools [role=group] { display: flex; flex-wrap: wrap; gap: 4px; }
fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 14px; }
fieldset label { display: inline-flex; gap: 6px; align-items: center; min-height: 28px; }
.switch { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center; margin: 8px 0; }
.switch p { margin: 0; font-size: 14px; flex: 1 1 24ch; }
button[role=switch] { display: inline-flex; gap: 10px; align-items: center; text-align: left; }
.knob { flex: none; width: 34px; height: 18px; border-radius: 9px; background: var(--soft); position: relative; }
.knob::after { content: ""; position: absolute; left: 2px; top: 2px; width: 14px; height: 14px; border-radius: 50%;
  background: var(--card); }
[aria-checked=true] .knob { background: var(--would); } [aria-checked=true] .knob::after { left: 18px; }
figure { margin: 12px 0; } figcaption { max-width: 82ch; }
.plot { width: 100%; overflow: hidden; min-height: 40px; } .plot .uplot { width: 100%; }
.lane { margin: 6px 0 0; font-size: 13px; } .hover { min-height: 1.6em; margin: 4px 0; font-size: 13px;
  font-variant-numeric: tabular-nums; }
.view { margin: 0; } .u-select { background: color-mix(in srgb, var(--c0) 22%, transparent); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0; margin: 6px 0; font-size: 13px; }
.legend li { display: flex; gap: 6px; align-items: center; }
.swatch { flex: none; width: 12px; height: 12px; border-radius: 3px; forced-color-adjust: none; }
${Array.from({ length: 8 }, (_, i) => `.c${i} { background: var(--c${i}); }`).join(" ")}
details { margin: 8px 0; } summary { cursor: pointer; color: var(--link); font-size: 14px; }
details[open] > summary { margin-bottom: 6px; }
@media (max-width: 1000px) { .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
@media (max-width: 640px) {
  header, main, footer, nav.inputs { padding-left: 12px; padding-right: 12px; }
  article, main > section { padding: 14px 12px; margin: 12px 0; border-radius: 8px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  th, td { padding: 4px 7px; } thead th { white-space: nowrap; } .name { white-space: normal; max-width: 38vw; }
  .prose tbody th { white-space: normal; min-width: 15ch; } .prose td { min-width: 16ch; }
  .verdicts td:nth-child(2) { white-space: normal; min-width: 13ch; } .prose td.why { min-width: 36ch; } .prose td.n { min-width: 0; }
}
@media print {
  body { background: none; } .tools, form.filter, #theme, nav { display: none; }
  .scroll { max-height: none; overflow: visible; }
}
`;

/** uPlot's style, then ours. */
export function pageStyle(): string {
  return uPlotStyle + base + kickStyle;
}
