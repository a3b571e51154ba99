/** Mutated inputs: a clear message and a documented exit code, never a stack trace. */
import { assert } from "@std/assert";
import { runFake } from "./_fake_host.ts";

const read = (path: string): string =>
  Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

/** A small generator of one sequence per seed, so that a failure can be made again. */
function randomly(seed: number): (below: number) => number {
  let state = seed * 2654435761 >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const snippets = [
  ...'\0[]{}",:\n0-.',
  ...["null", "1e999", "-1", "18446744073709551616", '"0x"', "true", "[[[[", '"len"', "\u{1f514}"],
];

/** Cuts, repeats, overwrites and inserts, one to four times. */
function mutated(text: string, seed: number): string {
  const random = randomly(seed);
  let result = text;
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(result.length + 1);
    const snippet = snippets[random(snippets.length)]!;
    const kind = random(5);
    if (kind === 0) result = result.slice(0, at);
    else if (kind === 1) result = result.slice(0, at) + result.slice(at + random(40));
    else if (kind === 2) result = result.slice(0, at) + snippet + result.slice(at);
    else if (kind === 3) result = result.slice(0, at) + snippet + result.slice(at + snippet.length);
    else result = result.slice(0, at) + result.slice(Math.max(0, at - 60));
  }
  return result;
}

/** The same of bytes that are not text. */
function mutatedBytes(bytes: Uint8Array, seed: number): Uint8Array {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return Uint8Array.from(mutated(text, seed), (letter) => letter.charCodeAt(0));
}

const lines = (path: string, count: number): string =>
  read(path).split("\n").slice(0, count).join("\n");

const busOps = JSON.stringify(JSON.parse(lines("vectors/bus.jsonl", 1)).ops);
const machine = `[{"ram":{"gpa":"0x0","size":"0x200000","slot":0}},{"irqchip":"full"},{"pit":true},
{"zone":{"addr":"0xd0000000","size":64}},{"addr":"0xd0000010","len":4},{"addr":"0x20","len":1,"flags":2}]`;

const gathered = (path: string): string =>
  read(path).split("\n").filter((line, i) => i < 60 || /KVM_/.test(line) || i % 60 === 0).join(
    "\n",
  );
const capture = gathered("captures/q35-pci-testdev.bpftrace.txt");
const packed = new Uint8Array(
  await new Response(
    new Blob([capture]).stream().pipeThrough(new CompressionStream("gzip")),
  ).arrayBuffer(),
);
// What `record` writes and `captures/capture.bt` does not.
const recorded = `# ioeventfd 0.1.0 record: a comment
1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
1050 7/7 vmm KVM_ENABLE_CAP: fd 4 cap 121 flags 0x0 args 0x18 0x0 ret 0
1100 7/7 vmm KVM_CREATE_PIT2: vm 4 flags 0x1 ret 0
1150 7/7 vmm ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6
1200 7/7 vmm eventfd: count 0 flags 0x80800 ret 8
1250 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0x1000 len 4 fd 8 flags 0x0 ret 0
1300 7/7 vmm dup: fd 8 ret 9
1350 7/7 vmm close: fd 8 ret 0
1400 7/9 CPU 0/KVM kvm_exit: vcpu 0 reason 49 rip 0xfff0 info1 0x0 info2 0x0
1450 7/9 CPU 0/KVM kvm_mmio: type 2 len 4 gpa 0x1000 val 0x1
1500 7/8 vmm eventfd_read: fd 9 value 0x1 ret 8
1550 7/8 vmm eventfd_write: fd 9 value 0x1 ret 8
Lost 12 events
1600 7/9 CPU 0/KVM kvm_fast_mmio: gpa 0x1000
1650 7/9 CPU 0/KVM kvm_userspace_exit: reason 2 errno 0
# end: 13 events
`;
const { stdout: compared } = await runFake(["compare", "--kernel", "6.19", "--json"]);
const benched = JSON.stringify({
  machine: { cpu: "a CPU", rounds: 7 },
  date: "2026-01-01T00:00:00Z",
  axes: {
    dispatch: { "1": { modelNs: 4, nativeNs: 8, ratio: 0.5 } },
    kick: { fastNs: 30, slowNs: 200 },
  },
});
const spread = { least: 1, lowerQuartile: 2, median: 3, upperQuartile: 4 };
const kicked = JSON.stringify({
  backend: "kvm",
  rounds: 31,
  cyclesPerUs: 2245.9,
  path: { fastMmio: false, eptParameter: null },
  rows: ["none", "userspace", "eventfd"].map((takenBy) => ({
    ...{ name: "a shape", about: "what it is", takenBy, kicks: 200, cycles: spread, ns: spread },
    net: { cycles: 1, ns: -1 },
  })),
});
const set = read("scenarios/sets/virtio-queues.jsonl");
const moved = "scenarios/sets/virtio-queues-moved.jsonl";

/** What is mutated, and the command that takes it as the file `input`. */
const formats: [name: string, input: string | Uint8Array, args: string[]][] = [
  ["a set as an array", read("scenarios/sets/dead-pair.json"), ["lint", "input"]],
  ["a set as lines", set, ["lint", "input", "--kernel", "all"]],
  ["a history", busOps, ["lint", "input", "--json"]],
  ["a machine", machine, ["lint", "input"]],
  ["a history to explain by", busOps, [
    "explain",
    "--addr",
    "0x600",
    "--len",
    "4",
    "--pio",
    "--history",
    "input",
  ]],
  ["an old set", set, ["plan", "input", moved]],
  ["a new set", set, ["plan", moved, "input", "--json"]],
  ["a recording to plan from", capture, ["plan", "input@1s", moved]],
  ["vectors of registrations", lines("vectors/register.jsonl", 3), [
    "conform",
    "--vectors",
    "input",
  ]],
  ["vectors of collisions", lines("vectors/collide.jsonl", 3), ["conform", "--vectors", "input"]],
  ["vectors of buses", lines("vectors/bus.jsonl", 1), ["conform", "--vectors", "input"]],
  ["vectors of guests", lines("vectors/guest.jsonl", 2), ["conform", "--vectors", "input"]],
  ["vectors derived", lines("vectors/derived/3.16.jsonl", 4), ["conform", "--vectors", "input"]],
  ["a recording of bpftrace", capture, ["replay", "input"]],
  ["a recording of tracefs", gathered("captures/q35-pci-testdev.ftrace.txt"), ["replay", "input"]],
  ["a recording of record", recorded, ["replay", "input", "--what-if", "zero-length", "--json"]],
  ["a packed recording", packed, ["replay", "input"]],
  ["a recording that is watched", recorded, ["watch", "input"]],
  ["a recording to lint", recorded, ["lint", "input"]],
  ["a recording to report", recorded, ["report", "input", "-o", "out.html"]],
  ["compare --json to report", compared, ["report", "input", "-o", "out.html"]],
  ["bench --json of a KVM to report", kicked, ["report", "input", "-o", "out.html"]],
  ["bench --json to report", benched, ["report", "input", "-o", "out.html"]],
];

/** `deno task mutations` plays 1,000 of each. */
const mayAsk =
  Deno.permissions.querySync({ name: "env", variable: "MUTATIONS" }).state === "granted";
const count = Number(mayAsk && Deno.env.get("MUTATIONS") || 60);
const mostMemory = 1 << 30;

for (const [name, input, args] of formats) {
  // A page takes a while to write.
  const seeds = args[0] === "report" && count < 1000 ? Math.ceil(count / 4) : count;
  Deno.test(`mutations of ${name} end with a documented exit code`, async () => {
    const before = Deno.cwd();
    Deno.chdir(new URL("../..", import.meta.url));
    try {
      const codes = new Map<number, number>();
      for (let seed = 1; seed <= seeds; seed++) {
        const file = typeof input === "string" ? mutated(input, seed) : mutatedBytes(input, seed);
        const { code, stderr } = await runFake(args, { files: { input: file } });
        const said = stderr.trimEnd().split("\n");
        // The last line is the error, and before it there may be remarks on lines that were passed over.
        const told = code === 3 ? /^ioeventfd: \S/.test(said.pop()!) : true;
        const clear = told && said.every((line) => line === "" || /^\S+: \S/.test(line)) &&
          !said.some((line) => line.startsWith("ioeventfd:"));
        assert([0, 1, 3].includes(code) && clear, `seed ${seed}: exit code ${code}: ${stderr}`);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
      assert(codes.size > 1 || !codes.has(0), "all were accepted");
      assert(Deno.memoryUsage().rss < mostMemory, `${Deno.memoryUsage().rss} bytes of memory`);
    } finally {
      Deno.chdir(before);
    }
  });
}
