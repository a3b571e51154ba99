import { assert, assertEquals } from "@std/assert";
import script from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import style from "uplot/dist/uPlot.min.css" with { type: "text" };
import { uPlotLicence, uPlotScript, uPlotStyle } from "./_page/uplot.ts";

Deno.test("uPlotScript and uPlotStyle are what the registry has", () => {
  assertEquals(uPlotScript, script.trim());
  assertEquals(uPlotStyle, style.trim());
});

Deno.test("uPlotScript ends no element, and its licence is with it", () => {
  assert(!/<\/script|<!--/i.test(uPlotScript));
  assert(uPlotLicence.startsWith("The MIT License (MIT)\n\nCopyright (c) 2022 Leon Sorokin"));
});
