// A project of its own, outside the checkout, that takes what is published: the tarballs in Node and in a browser, and
// the command by `deno install -g`.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeTarballs } from "../tools/bundle.ts";
import { readRootConfig, root } from "../tools/workspace.ts";
import { browserTest } from "./browser/chromium.ts";
import { site, withPage } from "./browser/site.ts";

/** What the consumer wrote: a guest of three instructions that rings a doorbell of zero length. */
const consumer = `
import { assemble, VmxBackend } from "@ioeventfd/vmx-sim";
import { latestRelease } from "@ioeventfd/uapi";

export function ring() {
  const kvm = new VmxBackend({ release: latestRelease }).open();
  const vm = kvm.createVm();
  const { bytes, hva } = kvm.allocateMemory(0x1000);
  bytes.set(assemble({ mode: "real" }, (a) => {
    a.mov(a.ptr(a.bx), a.al);
    a.mov(a.ptr(a.bx), a.ax);
    a.hlt();
  }));
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size: 0x1000n, hva });
  const fd = kvm.eventfd(0, 0);
  vm.assignIoeventfd({ bus: "mmio", addr: 0xfebfb000n, match: { len: 0 }, fd });
  const vcpu = vm.createVcpu(0);
  const sregs = vcpu.getSregs();
  vcpu.setSregs({
    ...sregs,
    cs: { ...sregs.cs, base: 0n, selector: 0 },
    ds: { ...sregs.ds, base: 0xfebfb000n },
  });
  vcpu.setRegs({ ...vcpu.getRegs(), rip: 0n, rbx: 0n });
  return \`\${vcpu.run().reason}, \${kvm.eventfdCount(fd)} signals\`;
}
`;

/** Both stores ring, whatever their length, and the guest halts. */
const expected = "hlt, 2 signals";

const text = new TextDecoder();

async function run(
  command: string,
  args: readonly string[],
  cwd: string | URL,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
  }).output();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const folder = await Deno.makeTempDir({ prefix: "ioeventfd-consumer-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const tarballs = await makeTarballs(
  new URL(`file://${folder}/`),
  ["uapi", "eventfd", "kvm-core", "vmx-sim"],
);
await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }');
await Deno.writeTextFile(`${folder}/consumer.js`, consumer);
const npm = await run(
  "npm",
  ["install", "--offline", "--no-audit", "--no-fund", ...tarballs],
  folder,
);

Deno.test("npm installs the tarballs, and nothing else", async () => {
  assertEquals(npm.code, 0, npm.stderr);
  const names = [...Deno.readDirSync(`${folder}/node_modules`)].map(({ name }) => name);
  assertEquals(names.filter((name) => !name.startsWith(".")), ["@ioeventfd"]);
  const { exports } = JSON.parse(
    await Deno.readTextFile(`${folder}/node_modules/@ioeventfd/uapi/package.json`),
  );
  assertEquals(exports["./kvm-error"].default, "./kvm_error.js");
});

Deno.test("a tarball needs what its main module imports, and leaves the choice of what another entry point does", async () => {
  const out = await Deno.makeTempDir({ prefix: "ioeventfd-tarballs-" });
  try {
    const made = await makeTarballs(new URL(`file://${out}/`), ["conform", "export", "vmx-sim"]);
    const manifests = [];
    for (const tarball of made) {
      const { stdout } = await run("tar", ["-xzOf", tarball, "package/package.json"], out);
      manifests.push(JSON.parse(stdout));
    }
    const [simulator, conform, exporter] = manifests;
    assertEquals("fast-check" in conform.dependencies, false);
    assertEquals(conform.peerDependenciesMeta, { "fast-check": { optional: true } });
    assertMatch(exporter.dependencies["hyparquet-writer"], /^\d+\.\d+\.\d+$/);
    assertEquals(exporter.peerDependencies, {});
    assertEquals(simulator.peerDependencies, { "iced-x86": "*" });
    assertEquals(simulator.peerDependenciesMeta, { "iced-x86": { optional: true } });
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("a consumer in Node registers a doorbell, runs a guest and sees the signals", async () => {
  const program = 'import { ring } from "./consumer.js"; console.log(ring());';
  const { stdout, stderr } = await run(
    "node",
    ["--input-type=module", "--eval", program],
    folder,
  );
  assertEquals([stdout, stderr], [`${expected}\n`, ""]);
});

Deno.test("a consumer's tsc takes the types in the tarballs, and checks with them", async () => {
  await Deno.writeTextFile(
    `${folder}/typed.ts`,
    'import { encodeIoeventfd, KvmError } from "@ioeventfd/uapi";\n' +
      'import { VmxBackend } from "@ioeventfd/vmx-sim";\n' +
      "export const backend: VmxBackend = new VmxBackend();\n" +
      "export const wrong: string = encodeIoeventfd({ datamatch: 0n, addr: 0n, len: 0, fd: 3, flags: 0 });\n" +
      'export const right: number = new KvmError("EEXIST", { check: "collision", detail: "taken" }).errno;\n',
  );
  const compiler = `${readRootConfig().imports["typescript"]}/tsc`;
  const options = ["--noEmit", "--strict", "--target", "es2024", "--lib", "esnext,dom"];
  const { stdout } = await run("deno", [
    ...["run", "--quiet", "--allow-read", "--allow-env", "--allow-run", compiler],
    ...options,
    ...["--module", "nodenext", "--types", "", `${folder}/typed.ts`],
  ], root);
  assertEquals(stdout.trim().split("\n").length, 1, stdout);
  assertStringIncludes(stdout, "typed.ts(4,14): error TS2322");
});

const imports = Object.fromEntries(
  ["uapi", "eventfd", "kvm-core", "vmx-sim"].map((name) => [
    `@ioeventfd/${name}`,
    `/node_modules/@ioeventfd/${name}/mod.js`,
  ]),
);
const page = `<!doctype html><title>Consumer</title><pre></pre>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import { ring } from "/consumer.js";
  document.querySelector("pre").textContent = ring();
</script>`;

browserTest(
  "a consumer's page in Chromium registers a doorbell, runs a guest and sees the signals",
  () =>
    withPage(
      (path) => {
        if (path === "") return page;
        if (path !== "consumer.js" && !path.startsWith("node_modules/")) return undefined;
        return Deno.readFileSync(`${folder}/${path}`);
      },
      async (page) => {
        await page.goto(site);
        await page.waitForFunction("document.querySelector('pre').textContent !== ''");
        assertEquals(await page.textContent("pre"), expected);
      },
    ),
);

Deno.test("deno install puts the command anywhere, with the permissions that docs/runtimes.md prints", async () => {
  const document = await Deno.readTextFile(new URL("docs/runtimes.md", root));
  const line = /^deno (install .*)$/m.exec(document)![1]!;
  const args = line.replace("install", `install --quiet --root ${folder}`).split(" ");
  const { code, stderr } = await run("deno", args, root);
  assertEquals(code, 0, stderr);
  const set = decodeURIComponent(new URL("scenarios/sets/dead-pair.json", root).pathname);
  const lint = await run(`${folder}/bin/ioeventfd`, ["lint", set], folder);
  assertEquals([lint.code, lint.stderr], [1, ""]);
  assertStringIncludes(lint.stdout, "1 ok, 1 dead, 0 never fire");
});
