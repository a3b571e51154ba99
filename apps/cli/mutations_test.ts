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

const lines = (path: string, count: number): string =>
  read(path).split("\n").slice(0, count).join("\n");

const busOps = JSON.stringify(JSON.parse(lines("vectors/bus.jsonl", 1)).ops);
const machine = `[{"ram":{"gpa":"0x0","size":"0x200000","slot":0}},{"irqchip":"full"},{"pit":true},
{"zone":{"addr":"0xd0000000","size":64}},{"addr":"0xd0000010","len":4},{"addr":"0x20","len":1,"flags":2}]`;

const formats: [name: string, input: string, args: string[]][] = [
  ["a set as an array", read("scenarios/sets/dead-pair.json"), ["lint", "input"]],
  ["a set as lines", read("scenarios/sets/virtio-queues.jsonl"), [
    "lint",
    "input",
    "--kernel",
    "all",
  ]],
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
  ["vectors of registrations", lines("vectors/register.jsonl", 3), [
    "conform",
    "--vectors",
    "input",
  ]],
  ["vectors of collisions", lines("vectors/collide.jsonl", 3), ["conform", "--vectors", "input"]],
  ["vectors of buses", lines("vectors/bus.jsonl", 1), ["conform", "--vectors", "input"]],
  ["vectors of guests", lines("vectors/guest.jsonl", 2), ["conform", "--vectors", "input"]],
];

for (const [name, input, args] of formats) {
  Deno.test(`mutations of ${name} end with a documented exit code`, async () => {
    const codes = new Map<number, number>();
    for (let seed = 1; seed <= 150; seed++) {
      const { code, stderr } = await runFake(args, { files: { input: mutated(input, seed) } });
      const told = code === 3 ? /^ioeventfd: [^\n]+\n$/.test(stderr) : stderr === "";
      assert([0, 1, 3].includes(code) && told, `seed ${seed}: exit code ${code}: ${stderr}`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert((codes.get(3) ?? 0) > 20, `too few were refused: ${[...codes]}`);
  });
}
