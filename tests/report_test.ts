// The page of `ioeventfd report` in a real browser: it draws, sorts, filters and switches, and nothing of a recording runs.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readDocument, renderReport, type ReportPart, studyRecording } from "@ioeventfd/report";
import { runFake } from "../apps/cli/_fake_host.ts";
import { root } from "../tools/workspace.ts";
import { browserTest, startChromium } from "./browser/chromium.ts";
import { Reader } from "./browser/reader.ts";

const folder = Deno.makeTempDirSync({ prefix: "ioeventfd-report-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function recordingPart(name: string, bytes: Uint8Array): Promise<ReportPart> {
  return { kind: "recording", name, study: await studyRecording(bytes) };
}

async function write(name: string, parts: readonly ReportPart[]): Promise<string> {
  const path = `${folder}/${name}.html`;
  await Deno.writeTextFile(path, await renderReport(parts));
  return `file://${path}`;
}

const capture = new URL("../captures/q35-pci-testdev.bpftrace.txt", import.meta.url);

/** What no page may contain: text that takes itself for more. */
const evil =
  `</script><script>globalThis.hacked=1</script><img src=x onerror="globalThis.hacked=1">"'&`;
const evilRecording = [
  "1000 7/7 </script><b> ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4",
  "1100 7/7 <img/src=x> KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xd0000000 len 4 fd 5 flags 0x0 ret 0",
  "1200 7/8 <!--<svg> ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6",
  "2000 7/8 <!--<svg> kvm_mmio: type 2 len 2 gpa 0xd0000000 val 0x0",
  "2100 7/8 <!--<svg> kvm_userspace_exit: reason 2 errno 0",
  "2200 7/8 <!--<svg> kvm_userspace_exit: reason 6 errno 0",
  "",
].join("\n");

/** Four vCPUs that ring a doorbell and write to places where there is none, as many bytes as it takes. */
async function* longRecording(bytes: number): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode([
    "100 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4",
    "200 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xd0000000 len 0 fd 5 flags 0x0 ret 0",
    ...[0, 1, 2, 3].map((cpu) =>
      `${300 + cpu} 7/${8 + cpu} vmm ioctl: fd 4 cmd 0xae41 arg 0x${cpu} ret ${6 + cpu}`
    ),
    "",
  ].join("\n"));
  for (let time = 1000, done = 0; done < bytes;) {
    let text = "";
    for (let i = 0; i < 2000; i++, time += 1000) {
      const who = `7/${8 + i % 4} vmm`;
      const gpa = (0xd0000100 + 8 * (i % 40)).toString(16);
      text += `${time} ${who} kvm_mmio: type 2 len 4 gpa 0xd0000000 val 0x0\n` +
        `${time + 200} ${who} kvm_mmio: type 2 len 4 gpa 0x${gpa} val 0x0\n` +
        `${time + 400} ${who} kvm_userspace_exit: reason 6 errno 0\n`;
    }
    const chunk = encoder.encode(text);
    done += chunk.length;
    yield chunk;
  }
}

/** The page of a recording by the command, in a process whose coverage nobody counts: that takes a minute. */
async function report(recording: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const { DENO_COVERAGE_DIR: _, ...env } = Deno.env.toObject();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", `--allow-write=${folder}`, "apps/cli/main.ts"],
      ...["report", "-", "--output", path],
    ],
    cwd: root,
    clearEnv: true,
    env,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const [output] = await Promise.all([
    child.output(),
    ReadableStream.from(recording).pipeTo(child.stdin),
  ]);
  assertEquals([output.code, new TextDecoder().decode(output.stderr)], [0, ""]);
}

/** Whether each canvas of the page has something drawn on it. */
const drawn = `[...document.querySelectorAll("canvas")].map((canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte !== 0);
})`;
const cell = (address: string, column: number): string =>
  `[...document.querySelectorAll("table.doorbells tbody tr")]
    .find((row) => row.cells[0].textContent.includes("${address}")).cells[${column}].innerText`;
const columnTexts = (column: number): string =>
  `[...document.querySelectorAll("table.doorbells tbody tr:not([hidden])")]
    .map((row) => row.cells[${column}].innerText)`;
const writes = 1, cycles = 3, way = 4;
const overflow = "document.documentElement.scrollWidth - innerWidth";
const heading = (name: string): string => `table.doorbells thead th:has-text("${name}") button`;

browserTest("the page of a recording works in Chromium", async (t) => {
  await using browser = new Reader(await startChromium());
  const testdev = await write("testdev", [
    await recordingPart("testdev", await Deno.readFile(capture)),
  ]);
  await browser.open(testdev, 1280);

  await t.step("it is drawn, loads nothing, and the console is clean", async () => {
    const canvases = await browser.page.evaluate<boolean[]>(drawn);
    assertEquals(canvases, [true, true, true]);
    assertEquals(browser.problems, []);
  });

  await t.step("headings sort, by click and by key", async () => {
    await browser.page.click(heading("Writes"));
    const numbers = (texts: string[]) => texts.map((text) => Number(text.replace(/\D/g, "")));
    const down = numbers(await browser.page.evaluate<string[]>(columnTexts(writes)));
    assert(down.length > 100);
    assertEquals(down, down.toSorted((a, b) => b - a));
    await browser.page.press(heading("Writes"), "Enter");
    const up = numbers(await browser.page.evaluate<string[]>(columnTexts(writes)));
    assertEquals(up, up.toSorted((a, b) => a - b));
    const sorted = await browser.page.evaluate<string[]>(
      `[...document.querySelectorAll("table.doorbells th[aria-sort=ascending]")].map((th) => th.innerText)`,
    );
    assertEquals(sorted.map((text) => text.trim()), ["Writes"]);
  });

  await t.step("the filter leaves what is asked for, and says how much", async () => {
    await browser.page.fill("form.filter input", "0xcf8");
    assertEquals((await browser.page.evaluate<string[]>(columnTexts(0))).length, 1);
    assertMatch(
      await browser.page.evaluate(`document.querySelector("form.filter output").value`),
      /^1 of \d+ rows$/,
    );
    await browser.page.fill("form.filter input", "");
    await browser.page.selectOption("form.filter select", "doorbell");
    const places = await browser.page.evaluate<string[]>(columnTexts(0));
    assert(places.length >= 5 && places.length < 30, places.join());
    assert(places.every((place) => !place.includes("0xcf8")));
  });

  await t.step("the switch shows the world of length 0, and goes back", async () => {
    assertEquals(await browser.page.evaluate(cell("0xfebfe802", way)), "ioeventfd, decoded");
    const before = await browser.page.evaluate<string>(cell("0xfebfe802", cycles));
    await browser.page.press("button[role=switch]", "Space");
    assertEquals(
      await browser.page.evaluate(`document.querySelector("button[role=switch]").ariaChecked`),
      "true",
    );
    assertEquals(await browser.page.evaluate(cell("0xfebfe802", way)), "fast");
    assert(await browser.page.evaluate(cell("0xfebfe802", cycles)) !== before);
    assertMatch(
      await browser.page.evaluate(`document.querySelector(".switch p").innerText`),
      /^With length 0: 201 signals/,
    );
    await browser.page.click("button[role=switch]");
    assertEquals(await browser.page.evaluate(cell("0xfebfe802", cycles)), before);
  });

  await t.step(
    "the timeline zooms by buttons and by dragging, and its table follows",
    async () => {
      const view = (): Promise<string> =>
        browser.page.evaluate(`document.querySelector(".view").innerText`);
      const rows = (): Promise<string> =>
        browser.page.evaluate(`document.querySelector(".behind tbody").textContent`);
      const [whole, table] = [await view(), await rows()];
      assertMatch(whole, /^0 s to 1[56](\.\d+)? s,/);
      await browser.page.click("[data-move=in]");
      await browser.page.click("[data-move=in]");
      await browser.page.click("[data-move=earlier]");
      const zoomed = await view();
      assert(zoomed !== whole && await rows() !== table);
      await browser.page.click(".timeline [data-move=all]");
      assertEquals([await view(), await rows()], [whole, table]);
      await browser.drag(".timeline .u-over", 0, 0.1);
      assertMatch(await view(), /^0 s to 1\.\d+ s,/);
      await browser.page.click(".timeline [data-kind='0']");
      assert((await browser.page.evaluate<boolean[]>(drawn)).every((is) => is));
    },
  );

  await t.step("the steps of a kick go on and back", async () => {
    const now = (): Promise<string[]> =>
      browser.page.evaluate(
        `[...document.querySelectorAll(".kick [aria-current=step]")].map((li) => li.dataset.title)`,
      );
    await browser.page.click(".kick [data-move=first]");
    await browser.page.click(".kick [data-move=on]");
    await browser.page.click(".kick [data-move=on]");
    await browser.page.click(".kick [data-move=on]");
    assertEquals(await now(), ["Walk to the instruction", "Walk to the instruction"]);
    await browser.page.click(".kick [data-move=back]");
    assertEquals(new Set(await now()).size, 2);
    await browser.page.click(".kick [data-move=all]");
    assertEquals(await now(), []);
  });

  await t.step("light becomes dark, by the button and by the system", async () => {
    const ground = "getComputedStyle(document.body).backgroundColor";
    const light = await browser.page.evaluate(ground);
    await browser.page.click("#theme");
    const dark = await browser.page.evaluate(ground);
    assert(light !== dark);
    assertEquals(browser.problems, []);
    await browser.open(testdev, 1280, "dark");
    assertEquals(await browser.page.evaluate(ground), dark);
  });

  await t.step("everything has a name for those who do not see it", async () => {
    const nameless = await browser.page.evaluate<string[]>(`[
        ...[...document.querySelectorAll("button")].filter((it) => it.innerText.trim() === ""),
        ...[...document.querySelectorAll("input,select")].filter((it) => it.labels.length === 0),
        ...[...document.querySelectorAll("[role=img],[role=group],nav")].filter((it) => !it.ariaLabel),
        ...[...document.querySelectorAll("table")].filter((it) => !it.caption?.textContent),
        ...[...document.querySelectorAll("th:not([scope])")],
        ...[...document.querySelectorAll("a[href^='#']")].filter((it) => !document.querySelector(it.hash)),
      ].map((it) => it.outerHTML.slice(0, 100))`);
    assertEquals(nameless, []);
    const ids = await browser.page.evaluate<string[]>(
      `[...document.querySelectorAll("[id]")].map((it) => it.id)`,
    );
    assertEquals(ids.length, new Set(ids).size);
  });

  await t.step("a narrow screen scrolls down alone", async () => {
    await browser.open(testdev, 400);
    await browser.page.evaluate(
      `document.querySelectorAll("details").forEach((it) => it.open = true)`,
    );
    assert(await browser.page.evaluate<number>(overflow) <= 0);
    // What is wider than the screen says so, until it is scrolled to its end.
    const more = `document.querySelector(".scroll:has(table.doorbells)").className`;
    assertEquals(await browser.page.evaluate(more), "scroll more-right");
    await browser.page.evaluate(`document.querySelector(".scroll").scrollLeft = 9999`);
    await browser.page.evaluate("new Promise((done) => setTimeout(done, 100))");
    assertEquals(await browser.page.evaluate(more), "scroll");
    assertEquals(browser.problems, []);
  });

  await t.step("a recording of 100 MB is a page like any other", async () => {
    const path = `${folder}/long.html`;
    await report(longRecording(100e6), path);
    const { size } = await Deno.stat(path);
    assert(size < 1e6, `${size} bytes`);
    await browser.open(`file://${path}`, 1280);
    await browser.page.click(heading("Writes"));
    await browser.page.fill("form.filter input", "0xd0000100");
    assertEquals((await browser.page.evaluate<string[]>(columnTexts(0))).length, 1);
    await browser.page.click("[data-move=in]");
    assert((await browser.page.evaluate<boolean[]>(drawn)).every((is) => is));
    assertEquals(browser.problems, []);
  });

  await t.step("what a recording holds is text, whatever it looks like", async () => {
    const compared = JSON.parse(
      (await runFake(["compare", "--iterations", "5", "--json"])).stdout,
    );
    compared.rows[0].name = compared.notes[0] = evil;
    compared.notes[0] = { row: evil, note: evil };
    const axes = { dispatch: { "1": { modelNs: 4 }, "1000": { modelNs: 5, nativeNs: 50 } } };
    const bench = { machine: { cpu: evil, [evil]: 1 }, date: evil, axes };
    const page = await write("evil", [
      await recordingPart(evil, new TextEncoder().encode(evilRecording)),
      readDocument(evil, JSON.stringify(compared)),
      readDocument(evil, JSON.stringify(bench)),
    ]);
    await browser.open(page, 400, "dark");
    await browser.page.evaluate(
      `document.querySelectorAll("details").forEach((it) => it.open = true)`,
    );
    await browser.page.click(".timeline [data-move=in]");
    assertEquals(await browser.page.evaluate("typeof hacked"), "undefined");
    assertEquals(
      await browser.page.evaluate(
        `document.querySelectorAll("img, svg, script:not(#data)").length`,
      ),
      1,
    );
    assertMatch(
      await browser.page.evaluate("document.body.innerText"),
      /<!--<svg>, thread 8 of process 7/,
    );
    assert((await browser.page.evaluate<boolean[]>(drawn)).every((is) => is));
    assert(await browser.page.evaluate<number>(overflow) <= 0);
    assertEquals(browser.problems, []);
  });
});
