// The pure packages bundled, in Deno, Node and a browser: each does the same, and the same as the sources.
import { assertEquals } from "@std/assert";
import { bundleForBrowsers } from "../tools/bundle.ts";
import { root } from "../tools/workspace.ts";
import { browserTest } from "./browser/chromium.ts";
import { site, withPage } from "./browser/site.ts";
import { exercise, type ExerciseResult, inputs } from "./_exercise.ts";

/** All vectors pass, and the recording's 401 kicks and every exit are accounted for. */
const expected: ExerciseResult = {
  scenario: "passed, 27 expectations held",
  vectors: "1500 passed, 0 failed",
  replay: "401 signals, 2658 of 2658 I/O exits explained",
  explained: "EEXIST by existing-zero-length",
};

const folder = await Deno.makeTempDir({ prefix: "ioeventfd-bundle-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await bundleForBrowsers(new URL(`file://${folder}/`), ["tests/_exercise.ts"]);
const bundle = `${folder}/_exercise.js`;

Deno.test("the exercise passes from the sources", async () => {
  assertEquals(await exercise((path) => Deno.readFile(new URL(path, root))), expected);
});

Deno.test("the bundle imports nothing", async () => {
  const code = await Deno.readTextFile(bundle);
  assertEquals(code.match(/^import .*|["']node:\w+["']|\brequire\(.*/gm), null);
});

Deno.test("the bundle passes the exercise in Node", async () => {
  const program = `
    import { readFile } from "node:fs/promises";
    import { exercise } from ${JSON.stringify(`file://${bundle}`)};
    console.log(JSON.stringify(await exercise((path) => readFile(path))));`;
  const { stdout, stderr } = await new Deno.Command("node", {
    args: ["--input-type=module", "--eval", program],
    cwd: root,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(stderr), "");
  assertEquals(JSON.parse(text.decode(stdout)), expected);
});

const page = `<!doctype html><title>Exercise</title><pre></pre><script type="module">
  import { exercise } from "/bundle.js";
  const read = async (path) => (await fetch("/" + path)).bytes();
  const out = document.querySelector("pre");
  exercise(read).then((result) => out.textContent = JSON.stringify(result), (e) => out.textContent = e.stack);
</script>`;

browserTest("the bundle passes the exercise in Chromium", () =>
  withPage(
    (path) => {
      if (path === "") return page;
      if (path === "bundle.js") return Deno.readTextFileSync(bundle);
      return inputs.includes(path) ? Deno.readFileSync(new URL(path, root)) : undefined;
    },
    async (page) => {
      await page.goto(site);
      await page.waitForFunction("document.querySelector('pre').textContent !== ''");
      assertEquals(JSON.parse((await page.textContent("pre"))!), expected);
    },
  ));
