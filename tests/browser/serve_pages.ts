/**
 * A headless Chromium that does what it is told on stdin and answers on stdout, a line of JSON each. It is a process of its
 * own, as Playwright asks for more permissions than a test of this house has.
 *
 * @module
 */
import { chromium } from "npm:playwright-core@1.65.1";
import type { Answer, Order } from "./browser.ts";

const [executablePath] = Deno.args;
const isRoot = Deno.uid() === 0;
const browser = await chromium.launch({
  executablePath: executablePath!,
  args: isRoot ? ["--no-sandbox"] : [],
});
let page = await browser.newPage();
let problems: string[] = [];

async function obey({ what, target, value }: Order): Promise<unknown> {
  switch (what) {
    case "open": {
      const { width, scheme } = JSON.parse(value) as { width: number; scheme: "light" | "dark" };
      await page.close();
      const viewport = { width, height: 900 };
      const context = await browser.newContext({ viewport, colorScheme: scheme });
      page = await context.newPage();
      problems = [];
      page.on("console", (message) => problems.push(`console: ${message.text()}`));
      page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
      page.on("request", (request) => {
        if (!/^(file|data):/.test(request.url())) problems.push(`request: ${request.url()}`);
      });
      await page.goto(target);
      // Charts are drawn when their size is known.
      return await page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))",
      );
    }
    case "evaluate":
      return await page.evaluate(target);
    case "click":
      return await page.click(target);
    case "fill":
      return await page.fill(target, value);
    case "select":
      return await page.selectOption(target, value);
    case "press":
      return await page.press(target, value);
    case "drag": {
      const box = (await page.locator(target).first().boundingBox())!;
      const [from, to] = value.split(" ").map((share) => box.x + box.width * Number(share));
      await page.mouse.move(from!, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(to!, box.y + box.height / 2, { steps: 4 });
      await page.mouse.up();
      return await page.evaluate("new Promise((done) => setTimeout(done, 20))");
    }
    case "problems":
      return problems;
  }
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
for await (const text of lines) {
  const parts = (rest + text).split("\n");
  rest = parts.pop()!;
  for (const line of parts) {
    let answer: Answer;
    try {
      answer = { value: await obey(JSON.parse(line)) ?? null };
    } catch (error) {
      answer = { error: String(error) };
    }
    console.log(JSON.stringify(answer));
  }
}
await browser.close();
