import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { compareDoorbells } from "@ioeventfd/scenario";
import { kernelReleases } from "@ioeventfd/uapi";
import { kickSteps } from "./_sections/kick_steps.ts";
import { pageScript } from "./_page/script.ts";
import { kickStories } from "./kick_story.ts";
import { readDocument } from "./read_document.ts";
import { renderReport, type ReportPart } from "./render_report.ts";
import { studyRecording } from "./study_recording.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function recordingPart(name: string, bytes: Uint8Array): Promise<ReportPart> {
  return { kind: "recording", name, study: await studyRecording(bytes) };
}

const capture = new URL("../../captures/q35-pci-testdev.bpftrace.txt", import.meta.url);
const testdev = await recordingPart("testdev", Deno.readFileSync(capture));

/** A recording with more places, registrations and contradictions than any page should show. */
function crowded(): Uint8Array {
  const lines = ["ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4", "ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6"];
  for (let i = 0; i < 600; i++) {
    lines.push(
      `KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0x${
        (0xd0000000 + 8 * i).toString(16)
      } len 4 fd 5 flags 0x0 ret 0`,
    );
  }
  for (let i = 0; i < 1500; i++) {
    const gpa = (0xd0000000 + 2 * i).toString(16);
    lines.push(`kvm_mmio: type 2 len 2 gpa 0x${gpa} val 0x${i.toString(16)}`);
    if (i % 3 !== 0) lines.push("kvm_userspace_exit: reason 6 errno 0");
  }
  return encode(lines.map((line, i) => `${1000 + 100 * i} 7/${7 + i % 20} vmm ${line}\n`).join(""));
}

Deno.test("renderReport() allows by its policy the one script and the one style it has", async () => {
  const page = await renderReport([testdev]);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!
    .replaceAll("&#39;", "'");
  const hashes = await Promise.all(["script", "style"].map(async (name) => {
    const bodies = [...page.matchAll(new RegExp(`<${name}>([^]*?)</${name}>`, "g"))];
    assertEquals(bodies.length, 1);
    const hash = await crypto.subtle.digest("SHA-256", encode(bodies[0]![1]!));
    return `${name}-src 'sha256-${new Uint8Array(hash).toBase64()}'`;
  }));
  for (const hash of hashes) assert(policy.includes(hash), `${hash} in ${policy}`);
  assert(policy.startsWith("default-src 'none'; ") && !policy.includes("unsafe"));
});

Deno.test("renderReport() raises no alarm over probes that length 0 would refuse", async () => {
  const page = await renderReport([testdev]);
  assertMatch(page, /6 probes would be refused, each taken away before the guest wrote again/);
  assert(!/registrations? would be refused/.test(page));
});

Deno.test("renderReport() refers to nothing outside of the page", async () => {
  const page = await renderReport([testdev]);
  assertEquals(page.match(/\b(src|href)="(?!#|data:)[^"]*"/g), null);
  assertEquals(page.match(/@import|url\(/g), null);
});

Deno.test("renderReport() stays below 1.5 MB, whatever the recordings hold", async () => {
  const part = await recordingPart("crowded", crowded());
  for (const count of [1, 16]) {
    const page = await renderReport(Array.from({ length: count }, () => part));
    assert(page.length < 1.5e6, `${count} make ${page.length}`);
    assertMatch(page, /Not in the table: [\d,]+ places/);
  }
});

Deno.test("renderReport() tells of a comparison on the kernel it was made on", async () => {
  const { notes, ...comparison } = compareDoorbells({ iterations: 5 });
  const rows = comparison.rows.map((row) => ({ ...row, ...row.work, pageTableReads: 3 }));
  const document = { ...comparison, notes, rows, firstTouch: rows, costTable: [], published: [] };
  const page = await renderReport([
    readDocument("one", JSON.stringify({ ...document, kernel: "4.4" })),
  ]);
  assertMatch(page, /as the model of Linux 4\.4 ran it/);
  const unknown = readDocument("two", JSON.stringify({ ...document, kernel: "2.6" }));
  assert(!(await renderReport([unknown])).includes("One kick, step by step"));
});

Deno.test("renderReport() of nothing, and of too much, is refused", async () => {
  await assertRejects(() => renderReport([]), RangeError);
  await assertRejects(() => renderReport(Array(17).fill(testdev)), RangeError, "17 parts");
});

Deno.test("kickSteps() add up to the cycles of the story, on every release", () => {
  for (const release of kernelReleases) {
    for (const story of kickStories(release)) {
      const sum = kickSteps(story).reduce((all, { cycles }) => all + cycles, 0);
      assertEquals(sum, story.cycles, `${release.name}, ${story.title}`);
    }
  }
});

Deno.test("kickSteps() speak of a fast MMIO bus where the release has one", () => {
  for (const release of kernelReleases) {
    const details = kickSteps(kickStories(release)[1]!).map(({ detail }) => detail).join();
    assertEquals(
      details.includes("There is no fast MMIO bus"),
      !release.x86.fastMmio,
      release.name,
    );
  }
});

Deno.test("pageScript() is one script, with each function that its parts import", () => {
  const script = pageScript();
  new Function(script);
  assert(!/<\/script|<!--/i.test(script));
  const folder = new URL("_client/", import.meta.url);
  const imported = [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const lists = Deno.readTextFileSync(new URL(name, folder)).matchAll(/^import \{([^}]*)\}/gm);
    return [...lists].flatMap(([, list]) => list!.split(",").map((one) => one.trim()));
  }).filter((name) => name !== "" && !name.startsWith("type "));
  assert(imported.length > 15, imported.join());
  const missing = imported.filter((name) => !script.includes(`\nfunction ${name}(`));
  assertEquals(missing, []);
});
