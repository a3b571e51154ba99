/**
 * Headless Chromium, where there is one.
 *
 * @module
 */
import type { Browser } from "playwright-core";

const places = ["chromium", "chromium-browser", "google-chrome", "chrome"].flatMap((name) =>
  ["/usr/bin", "/usr/local/bin", "/opt/google/chrome", "/snap/bin"].map((dir) => `${dir}/${name}`)
);

/** The browser of this machine, if it has one. */
export const chromiumPath: string | undefined = places.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

// No GPU, no look-ups of its own; root needs --no-sandbox, and the pages are ours.
const args = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** Starts it; the caller closes it. */
export async function startChromium(): Promise<Browser> {
  // Its look for Windows under Linux reads /proc/sys, which Deno allows to no one but --allow-all.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath: chromiumPath!, args });
}

/** Declares a test that needs the browser: where there is none it is skipped, and its name says so. */
export function browserTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  const missing = chromiumPath === undefined;
  const reason = " (skipped: no Chromium on this machine)";
  Deno.test({ name: missing ? name + reason : name, ignore: missing, fn });
}
