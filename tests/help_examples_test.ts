/** Every example of every command's help runs as printed: as a process, with the permissions of the task. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readText, root } from "../tools/workspace.ts";

const main = new URL("apps/cli/main.ts", root).pathname;
const { tasks } = JSON.parse(readText("deno.json"));
const [, flags] = /^DENO_NO_PROMPT=1 deno run (.*) apps\/cli\/main\.ts$/.exec(
  tasks.ioeventfd.command,
)!;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell reads the line, as it would read what a person types. */
async function ioeventfd(line: string, cwd: string | URL = root): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `exec "$0" run --quiet --no-prompt ${flags} "$1" ${line}`, Deno.execPath(), main],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A folder in which the paths of the examples lead into the house, and what they write stays. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "ioeventfd-examples-" });
  try {
    const names = [...Deno.readDirSync(root)].filter(({ name }) => !name.startsWith("."));
    const paths = names.map(({ name }) => new URL(name, root).pathname);
    const { success } = await new Deno.Command("ln", { args: ["-s", ...paths, folder] }).output();
    assert(success);
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function examples(): Promise<[command: string, lines: string[]][]> {
  const { stdout } = await ioeventfd("--help");
  const names = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name!)
    .filter((name) => name !== "help");
  return await Promise.all(names.map(async (name) => {
    const help = await ioeventfd(`${name} --help`);
    return [
      name,
      [...help.stdout.matchAll(/^ {2}deno task ioeventfd (.*)$/gm)].map(([, line]) => line!),
    ] as [string, string[]];
  }));
}

interface Doctor {
  readonly kvm: { readonly ok: boolean; readonly reason?: string };
  readonly programs: Readonly<Record<string, string>>;
  readonly features: readonly { readonly name: string; readonly lacks: readonly string[] }[];
}

const doctor: Doctor = JSON.parse((await ioeventfd("doctor --json")).stdout);

/** What this host lacks to run an example, or nothing. */
function lacking(line: string): string | undefined {
  const kvm = doctor.kvm.ok ? undefined : doctor.kvm.reason ?? "no KVM";
  if (line.startsWith("record ")) {
    const { lacks } = doctor.features.find(({ name }) => name === "record")!;
    const vmm = "qemu-system-x86_64" in doctor.programs ? undefined : "no qemu-system-x86_64";
    return lacks[0] ?? vmm ?? kvm;
  }
  return /--backend\b.*\b(kvm|live)\b/.test(line) ? kvm : undefined;
}

const all = await examples();

Deno.test("every command's help has an example of that command", () => {
  assert(all.length >= 10, `${all.length} commands`);
  for (const [name, lines] of all) {
    assert(lines.length > 0, `${name} has none`);
    for (const line of lines) assertEquals(line.split(" ")[0], name);
  }
});

for (const line of all.flatMap(([, lines]) => lines)) {
  const missing = lacking(line);
  Deno.test({
    name: `ioeventfd ${line}${missing === undefined ? "" : ` (skipped: ${missing})`}`,
    ignore: missing !== undefined,
    fn: () =>
      inFolder(async (folder) => {
        const { code, stdout, stderr } = await ioeventfd(line, folder);
        assertMatch(String(code), /^[01]$/, `exit code ${code}: ${stderr}`);
        const written = [...Deno.readDirSync(folder)].some(({ isSymlink }) => !isSymlink);
        assert(stdout.length > 0 || written, "nothing on stdout, and no file");
        assert(!stderr.includes("ioeventfd:"), stderr);
      }),
  });
}
