/**
 * Pages that see the files given and nothing else: no server, no network.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { startChromium } from "./chromium.ts";

/** The address under which `withPage` finds its files. */
export const site = "http://pages.test/";

const mediaTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  json: "application/json",
};

/**
 * Opens a page in a browser of its own.
 *
 * @param file Bytes or text of what is at a path from `site`, the page itself at ""; undefined when there is none
 * @param use What to do with it
 */
export async function withPage(
  file: (path: string) => Uint8Array | string | undefined,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const browser = await startChromium();
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
