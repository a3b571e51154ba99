/**
 * A real browser for tests of pages.
 *
 * @module
 */

/** What the browser is told. */
export interface Order {
  /** What to do. */
  readonly what: "open" | "evaluate" | "click" | "fill" | "select" | "press" | "drag" | "problems";
  /** Address, expression or selector. */
  readonly target: string;
  /** By what it is to do. */
  readonly value: string;
}

/** What it answers. */
export interface Answer {
  /** What came of it. */
  readonly value?: unknown;
  /** What went wrong. */
  readonly error?: string;
}

/** The Chromium of this machine, or undefined. */
export function findChromium(): string | undefined {
  const names = "chromium chromium-browser google-chrome";
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", `for name in ${names}; do command -v $name && break; done`],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout).trim() || undefined;
}

/** A browser with one page at a time. */
export class Browser implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  /**
   * Starts it.
   *
   * @param executable Chromium
   */
  constructor(executable: string) {
    const script = new URL("serve_pages.ts", import.meta.url);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", "--no-check", script.href, executable],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Opens a page. */
  async open(address: string, width: number, scheme: "light" | "dark" = "light"): Promise<void> {
    await this.#tell("open", address, JSON.stringify({ width, scheme }));
  }

  /** The value of an expression, in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    return await this.#tell("evaluate", expression) as T;
  }

  /** Clicks the first element of a selector. */
  async click(selector: string): Promise<void> {
    await this.#tell("click", selector);
  }

  /** Types into a field. */
  async fill(selector: string, text: string): Promise<void> {
    await this.#tell("fill", selector, text);
  }

  /** Chooses from a list. */
  async select(selector: string, value: string): Promise<void> {
    await this.#tell("select", selector, value);
  }

  /** Focuses an element and presses a key. */
  async press(selector: string, key: string): Promise<void> {
    await this.#tell("press", selector, key);
  }

  /** Drags across an element, from one share of its width to another. */
  async drag(selector: string, from: number, to: number): Promise<void> {
    await this.#tell("drag", selector, `${from} ${to}`);
  }

  /** What the page wrote to the console, threw or loaded. */
  async problems(): Promise<string[]> {
    return await this.#tell("problems", "") as string[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }

  async #tell(what: Order["what"], target: string, value = ""): Promise<unknown> {
    const order: Order = { what, target, value };
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    while (!this.#rest.includes("\n")) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error("The browser ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const answer: Answer = JSON.parse(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end + 1);
    if (answer.error !== undefined) throw new Error(`${what} ${target}: ${answer.error}`);
    return answer.value;
  }
}
