// Tests in headless Chromium. Where there is none, they are skipped, and their names say so.
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";

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

/** What the name of a skipped test ends in. */
const reason = " (skipped: no Chromium on this machine)";

// No GPU, no look-ups of its own; root needs --no-sandbox, and the pages are ours.
const args = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** The address under which `withPage` finds its files. */
export const site = "http://pages.test/";

const mediaTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  json: "application/json",
};

/**
 * Opens a page that sees the files given and nothing else: no server, no network.
 *
 * @param file Bytes or text of what is at a path from `site`, the page itself at ""; undefined when there is none
 * @param use What to do with it
 */
export async function withPage(
  file: (path: string) => Uint8Array | string | undefined,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  // Its look for Windows under Linux reads /proc/sys, which Deno allows to no one but --allow-all.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch({ executablePath: chromiumPath!, args });
  try {
    const page = await browser.newPage();
    await page.route("**/*", async (route) => {
      const url = route.request().url();
      const path = url.slice(site.length).replace(/[?#].*$/, "");
      const body = url.startsWith(site) ? file(path) : undefined;
      if (body === undefined) return await route.fulfill({ status: 404, body: "" });
      const contentType = mediaTypes[path.split(".").at(-1) || "html"] ?? "text/plain";
      await route.fulfill({
        contentType,
        body: typeof body === "string" ? body : Buffer.from(body),
      });
    });
    await use(page);
  } finally {
    await browser.close();
  }
}

/** Declares a test in the browser; see `withPage`. */
export function browserTest(
  name: string,
  file: (path: string) => Uint8Array | string | undefined,
  use: (page: Page) => Promise<void>,
): void {
  const missing = chromiumPath === undefined;
  Deno.test(missing ? name + reason : name, { ignore: missing }, () => withPage(file, use));
}
