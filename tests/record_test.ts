/** `ioeventfd record` of Debian's QEMU over the host's KVM, and what `replay` makes of it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { root } from "../tools/workspace.ts";

const main = new URL("apps/cli/main.ts", root).pathname;
const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
const [, flags] = /^deno run (.*) apps\/cli\/main\.ts$/.exec(tasks.ioeventfd.command)!;

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

async function bootSector(folder: string): Promise<string> {
  const source = new URL("captures/guests/read-400-sectors.S", root).pathname;
  for (
    const [program, ...args] of [
      ["cc", "-c", "-m32", "-o", "guest.o", source],
      ["ld", "-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-o", "disk", "guest.o"],
    ]
  ) {
    const { success, stderr } = await new Deno.Command(program!, { args, cwd: folder }).output();
    assert(success, new TextDecoder().decode(stderr));
  }
  const path = `${folder}/disk`;
  await Deno.truncate(path, 2 ** 20);
  return path;
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

test("a machine with a split irqchip is recorded from its first call on, and all of it is explained", async (folder) => {
  const disk = await bootSector(folder);
  const machine = [
    ...["-machine", "pc,kernel-irqchip=split", "-serial", "file:serial"],
    ...["-drive", "file=disk,format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d"],
  ];
  // Until the guest says on its serial port that it has read what it wanted.
  const script =
    `cd ${folder}; "$@" & until grep -qa DONE serial; do sleep 0.1; done; kill $!; wait`;
  const path = `${folder}/a.txt.gz`;
  const { code, stderr } = await ioeventfd([
    ...["record", "-o", path, "--seconds", "60", "--", "sh", "-c", script, "sh", ...qemu],
    ...machine,
  ]).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 0, said);
  assertMatch(said, /the command ended with exit code 0/, `${disk}: ${said}`);
  const { doorbells, inferred, exits } = await replayed(path);
  // Nothing has to be guessed: KVM_ENABLE_CAP is in it.
  assertEquals(inferred.filter((what) => !/coalesced/.test(what)), []);
  assert(exits.io > 500, `${exits.io} exits`);
  assert(Math.max(...doorbells.map(({ signals }) => signals)) >= 400, "a signal for each read");
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
