/**
 * Takes the pictures of a report that the docs show: `deno run --allow-all tools/draw_report.ts`, with Chromium.
 *
 * @module
 */
import { renderReport, studyRecording } from "@ioeventfd/report";
import { chromiumPath, startChromium } from "../tests/browser/chromium.ts";
import { root } from "./workspace.ts";

const capture = "captures/q35-pci-testdev.bpftrace.txt";
if (chromiumPath === undefined) throw new Error("There is no Chromium on this machine");

const study = await studyRecording(await Deno.readFile(new URL(capture, root)));
const page = await renderReport([{ kind: "recording", name: capture, study }]);
const path = await Deno.makeTempFile({ suffix: ".html" });
await Deno.writeTextFile(path, page);
const browser = await startChromium();
try {
  await take("light", 1180, 900, "report-light.png", "body", 820);
  await take("dark", 1240, 900, "report-kick.png", ".paths", 620);
} finally {
  await browser.close();
  await Deno.remove(path);
}

/** The upper part of an element, as a reader sees it. */
async function take(
  colorScheme: "light" | "dark",
  width: number,
  height: number,
  name: string,
  selector: string,
  most: number,
): Promise<void> {
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme });
  await tab.goto(`file://${path}`);
  await tab.waitForTimeout(500);
  const box = await tab.locator(selector).boundingBox();
  if (box === null) throw new Error(`There is no ${selector} on the page`);
  const around = selector === "body" ? 0 : 8;
  await tab.screenshot({
    path: new URL(`docs/${name}`, root).pathname,
    fullPage: true,
    clip: {
      x: box.x - around,
      y: box.y - around,
      width: box.width + 2 * around,
      height: Math.min(most, box.height) + around,
    },
  });
  await tab.close();
}
