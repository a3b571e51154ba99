/**
 * Somebody who looks at one page at a time, and notes what a page should not do.
 *
 * @module
 */
import type { Browser, Page } from "playwright-core";

/** A reader of pages in files. */
export class Reader implements AsyncDisposable {
  /** What the page wrote to the console, threw or loaded. */
  readonly problems: string[] = [];
  readonly #browser: Browser;
  #page: Page | undefined;

  /** @param browser Closed in the end */
  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** The page that is open. */
  get page(): Page {
    if (this.#page === undefined) throw new Error("No page is open");
    return this.#page;
  }

  /**
   * Opens a page in place of the last.
   *
   * @param address `file://…`
   * @param width Pixels the screen is wide
   * @param colorScheme What the system prefers
   */
  async open(
    address: string,
    width: number,
    colorScheme: "light" | "dark" = "light",
  ): Promise<void> {
    await this.#page?.close();
    this.problems.length = 0;
    const page = this.#page = await this.#browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
    });
    page.on("console", (message) => this.problems.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => this.problems.push(`error: ${error.message}`));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) this.problems.push(`request: ${request.url()}`);
    });
    await page.goto(address);
    // Charts are drawn when their size is known.
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))");
  }

  /** Drags across an element, from one share of its width to another. */
  async drag(selector: string, from: number, to: number): Promise<void> {
    const { x, y, width, height } = (await this.page.locator(selector).first().boundingBox())!;
    await this.page.mouse.move(x + width * from, y + height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(x + width * to, y + height / 2, { steps: 4 });
    await this.page.mouse.up();
    await this.page.evaluate("new Promise((done) => setTimeout(done, 20))");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
