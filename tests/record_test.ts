/** `ioeventfd record` of Debian's QEMU over the host's KVM, and what `replay` makes of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readText, root } from "../tools/workspace.ts";

const main = new URL("apps/cli/main.ts", root).pathname;
const { tasks } = JSON.parse(readText("deno.json"));
const [, flags] = /^DENO_NO_PROMPT=1 deno run (.*) apps\/cli\/main\.ts$/.exec(
  tasks.ioeventfd.command,
)!;

function ioeventfd(args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags!.split(" "), main, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await ioeventfd([...args, "--json"]).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

// deno-lint-ignore no-explicit-any -- documents of the command, whose shape is what is tested
const { kvm, programs, features } = await json(["doctor"]) as any;
const { lacks } = features.find(({ name }: { name: string }) => name === "record");
const reason = lacks[0] ??
  (kvm.ok ? undefined : kvm.reason) ??
  ("qemu-system-x86_64" in programs ? undefined : "no qemu-system-x86_64") ??
  ("cc" in programs ? undefined : "no cc to assemble a boot sector with");

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `${name}${reason === undefined ? "" : ` (skipped: ${reason})`}`,
    ignore: reason !== undefined,
    fn: async () => {
      const folder = await Deno.makeTempDir({ prefix: "ioeventfd-record-" });
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

async function bootSector(folder: string): Promise<void> {
  const source = new URL("captures/guests/read-sectors.S", root).pathname;
  for (
    const [program, ...args] of [
      ["cc", "-c", "-m32", "-o", "guest.o", source],
      ["ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-o", "disk", "guest.o"],
    ]
  ) {
    const { success, stderr } = await new Deno.Command(program!, { args, cwd: folder }).output();
    assert(success, new TextDecoder().decode(stderr));
  }
  await Deno.truncate(`${folder}/disk`, 2 ** 20);
}

/** What docs/recording.md shows of a command, and what it prints. */
function shown(command: string): { readonly line: string; readonly output: string[] } {
  const text = readText("docs/recording.md");
  const start = `\`\`\`console\n$ deno task ioeventfd ${command}`;
  const body = text.slice(text.indexOf(start)).split("\n```\n", 1)[0]!;
  const [, line, ...output] = body.split("\n");
  return { line: line!.replace("$ deno task ioeventfd ", ""), output };
}

/** Numbers, units and gaps differ from run to run. */
function masked(text: string): string {
  return text.trim().replace(/0x[0-9a-f]+|\d[\d,.]*/g, "N").replace(/N (s|ms|µs|ns)\b/g, "N t")
    .replace(/\s+/g, " ");
}

/** Runs a command of the page, and holds what it prints against the page line by line. */
async function asShown(command: string, folder: string): Promise<string[]> {
  const { line, output } = shown(command);
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", `"$0" run --quiet --no-prompt ${flags} "$1" ${line} 2>&1`, Deno.execPath(), main],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n")
    .filter((said) => !said.startsWith("qemu-system"));
  assertEquals(code, 0, lines.join("\n"));
  assertEquals(lines.slice(0, output.length).map(masked), output.map(masked));
  return lines;
}

const qemu = ["qemu-system-x86_64", "-accel", "kvm", "-nodefaults", "-display", "none"];

interface Replay {
  readonly exits: { readonly io: number; readonly unexplained: number };
  readonly contradictions: readonly unknown[];
  readonly inferred: readonly string[];
  readonly malformed: { readonly count: number };
  readonly lost: { readonly events: number };
  readonly doorbells: readonly { readonly addr: string; readonly signals: number }[];
}

async function replayed(path: string): Promise<Replay> {
  const report = await json(["replay", path]) as unknown as Replay;
  const { exits, contradictions, malformed, lost } = report;
  assertEquals(
    [exits.unexplained, contradictions, malformed.count, lost.events],
    [0, [], 0, 0],
    JSON.stringify(report.inferred),
  );
  return report;
}

test("docs/recording.md shows what happens, and all of its recording is explained", async (folder) => {
  await bootSector(folder);
  await asShown("record", folder);
  await asShown("replay", folder);
  await asShown("watch", folder);
  const { doorbells, inferred, exits } = await replayed(`${folder}/boot.txt.gz`);
  // The split interrupt controller is in the recording, so nothing but a drained ring has to be guessed.
  assertEquals(inferred.filter((what) => !what.includes("ring of coalesced writes")), []);
  assert(exits.io > 500, `${exits.io} exits`);
  const signals = doorbells.map((doorbell) => doorbell.signals);
  assertEquals(Math.max(...signals), 101);
});

test("Ctrl-C ends the command and leaves a recording that replays", async (folder) => {
  const path = `${folder}/b.txt`;
  const child = ioeventfd([
    ...["record", "-o", path, "--", ...qemu, "-name", "interrupted", "-machine"],
    ...["q35,kernel-irqchip=off", "-device", "virtio-net-pci", "-device", "virtio-rng-pci"],
  ]).spawn();
  let seen = 0;
  while (seen < 100_000) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    seen = (await Deno.stat(path).catch(() => ({ size: 0 }))).size;
  }
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 130, said);
  assertMatch(await Deno.readTextFile(path), /\n# end: interrupted; .*\n$/);
  await replayed(path);
  const left = await new Deno.Command("pgrep", { args: ["-f", "name interrupted"] }).output();
  assertEquals(new TextDecoder().decode(left.stdout), "");
});

test("docs/recording.md shows the rows of doctor", async () => {
  const { output } = shown("doctor");
  const { stdout } = await ioeventfd(["doctor"]).output();
  const row = (line: string): string => line.slice(0, 26).trim();
  const there = new TextDecoder().decode(stdout).split("\n").map(row);
  assertEquals(output.map(row).filter((name) => !there.includes(name)), []);
});
