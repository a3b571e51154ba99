// The vectors of vectors/derived/ against what reading each release's source says, written down by hand.
import { assert, assertEquals } from "@std/assert";
import { parseVector, showResult, type Vector } from "@ioeventfd/conform";
import { kernelReleases } from "@ioeventfd/uapi";
import { derivedFile } from "../tools/derive_vectors.ts";

const folder = new URL("../vectors/derived/", import.meta.url);
const names = ["3.14", "seed", "3.16", "4.4", "5.15", "6.19"] as const;

const files = names.map((name) => {
  const text = Deno.readTextFileSync(new URL(`${name}.jsonl`, folder));
  return { name, text, vectors: text.trimEnd().split("\n").map((line) => parseVector(line)) };
});

/** What a vector asks, in one line. */
function question(vector: Vector): string {
  const shape = (one: { addr: bigint; len: number; flags: number; datamatch: bigint }): string =>
    `0x${one.addr.toString(16)}/${one.len}/0x${one.flags.toString(16)}` +
    (one.flags & 1 ? `=0x${one.datamatch.toString(16)}` : "");
  switch (vector.kind) {
    case "register":
      return `${shape(vector.op)} ${vector.op.fd}`;
    case "collide":
      return `${shape(vector.first)} then ${shape(vector.second)}`;
    case "bus": {
      const made = vector.ops.map((op) => op.op === "assign" ? shape(op) : `-${op.fd}`);
      return `${made.join(" ")}: ${
        vector.writes.map(({ addr, len }) => `${addr.toString(16)}/${len}`)
      }`;
    }
    case "history":
      return vector.steps.map(({ does }) =>
        does.op === "ioeventfd"
          ? `bell ${shape(does)}`
          : does.op === "zone"
          ? `zone 0x${does.addr.toString(16)}+${does.size} pio ${does.pio}`
          : does.op === "write"
          ? `${does.bus} 0x${does.addr.toString(16)}/${does.len} x${does.times}`
          : does.op
      ).join(", ");
    default:
      return vector.insn;
  }
}

/** What a vector answers, in one line. */
function answer(vector: Vector): string {
  switch (vector.kind) {
    case "register":
    case "collide":
      return vector.errno ?? "ok";
    case "bus": {
      const refused = vector.ops.filter(({ errno }) => errno !== null).map(({ errno }) => errno);
      const exits = vector.userspace.map(({ addr, len }) => `${addr.toString(16)}/${len}`);
      return [...refused, `exits ${exits.join(" ") || "none"}, counters ${vector.counters}`].join(
        " ",
      );
    }
    case "history":
      return vector.steps.map(({ gives }) => showResult(gives)).join(", ");
    default:
      return vector.end;
  }
}

const no = "EINVAL", ok = "ok", taken = "EEXIST";
const all = (one: string): readonly string[] => names.map(() => one);
const A = "0xd0000100";
const made4 = "0xd0000104/0/0x0 0xd0000100/4/0x0: d0000104/4,d0000100/4";
const zoneInside = "bell 0x1000/0/0x0, zone 0xf00+4096 pio 0";
const zoneBefore = "zone 0xf00+4096 pio 0, bell 0x1000/0/0x0";
const refused = null;
const kept = (at: string): string => `mmio 0x${at} len 4 0x1`;

/** Question, then the answers of 3.14, the seed, 3.16, 4.4, 5.15 and 6.19; null where there is no such question. */
const byHand: readonly (readonly [question: string, answers: readonly (string | null)[]])[] = [
  // Length 0: in memory and on CCW since the seed, on ports since 4.4, never with DATAMATCH.
  [`${A}/0/0x0 eventfd`, [no, ok, ok, ok, ok, ok]],
  [`${A}/0/0x8 eventfd`, [no, ok, ok, ok, ok, ok]],
  [`${A}/0/0x2 eventfd`, [no, no, no, ok, ok, ok]],
  [`${A}/0/0xa eventfd`, [no, no, no, ok, ok, ok]],
  [`${A}/0/0x1=0x0 eventfd`, all(no)],
  [`${A}/0/0x9=0x0 eventfd`, all(no)],
  // Other lengths are what they always were.
  [`${A}/4/0x0 eventfd`, all(ok)],
  [`${A}/8/0x3=0x0 eventfd`, all(ok)],
  [`${A}/3/0x0 eventfd`, all(no)],
  [`${A}/4294967295/0x0 eventfd`, all(no)],
  // Flag 0x10 came with the fast bus, without a meaning; above it all are refused.
  [`${A}/4/0x10 eventfd`, [no, no, ok, ok, ok, ok]],
  [`${A}/0/0x10 eventfd`, [no, no, ok, ok, ok, ok]],
  [`${A}/0/0x12 eventfd`, [no, no, no, ok, ok, ok]],
  [`${A}/4/0x20 eventfd`, all(no)],
  [`${A}/4/0x80000000 eventfd`, all(no)],
  // The range may not wrap, and the sum 2^64 is a wrap.
  ["0xffffffffffffffff/1/0x0 eventfd", all(no)],
  ["0xfffffffffffffff8/8/0x0 eventfd", all(no)],
  ["0xfffffffffffffff7/8/0x0 eventfd", all(ok)],
  ["0xffffffffffffffff/0/0x0 eventfd", [no, ok, ok, ok, ok, ok]],
  ["0x10000/1/0x2 eventfd", all(ok)],
  // Descriptors: after the length.
  [`${A}/4/0x0 closed`, all("EBADF")],
  [`${A}/4/0x0 o_path`, all("EBADF")],
  [`${A}/4/0x0 pipe`, all(no)],
  [`${A}/3/0x0 closed`, all(no)],
  [`${A}/0/0x0 closed`, [no, "EBADF", "EBADF", "EBADF", "EBADF", "EBADF"]],
  [`${A}/0/0x0 semaphore`, [no, ok, ok, ok, ok, ok]],
  // Collisions.
  [`${A}/4/0x0 then ${A}/4/0x0`, all(taken)],
  [`${A}/4/0x0 then ${A}/2/0x0`, all(ok)],
  [`${A}/4/0x0 then ${A}/4/0x1=0x5`, all(taken)],
  [`${A}/4/0x1=0x5 then ${A}/4/0x1=0x6`, all(ok)],
  [`${A}/4/0x1=0x5 then ${A}/4/0x1=0x100000005`, all(ok)],
  [`${A}/4/0x1=0x5 then ${A}/0/0x0`, [no, taken, taken, taken, taken, taken]],
  [`${A}/0/0x0 then ${A}/4/0x1=0x5`, [refused, taken, taken, taken, taken, taken]],
  [`${A}/0/0x0 then ${A}/2/0x0`, [refused, taken, taken, taken, taken, taken]],
  [`${A}/0/0x8 then ${A}/0/0x8`, [refused, taken, taken, taken, taken, taken]],
  [`${A}/0/0x2 then ${A}/0/0x2`, [refused, refused, refused, taken, taken, taken]],
  // DEASSIGN checks nothing.
  [`${A}/4/0x1=0x5 then ${A}/4/0x5=0x5`, all(ok)],
  [`${A}/4/0x1=0x5 then ${A}/4/0x80000005=0x5`, all(ok)],
  [`${A}/4/0x1=0x5 then ${A}/4/0x4`, all("ENOENT")],
  [`${A}/0/0x0 then ${A}/4/0x4`, [refused, "ENOENT", "ENOENT", "ENOENT", "ENOENT", "ENOENT"]],
  // A write finds length 0 on the ordinary bus since 4.4.
  [`${A}/0/0x0: d0000100/2,d0000100/4,d0000102/2`, [
    "EINVAL exits d0000100/2 d0000100/4 d0000102/2, counters 0",
    "exits d0000100/2 d0000100/4 d0000102/2, counters 0",
    "exits d0000100/2 d0000100/4 d0000102/2, counters 0",
    "exits d0000102/2, counters 2",
    "exits d0000102/2, counters 2",
    "exits d0000102/2, counters 2",
  ]],
  [
    `${A}/4/0x1=0x5b: d0000100/2,d0000100/4,d0000102/2`,
    all(
      "exits d0000100/2 d0000100/4 d0000102/2, counters 0",
    ),
  ],
  // Length 0 behind a range it touches: refused, unfindable, sorted right by heapsort, hidden by ordered insertion.
  [made4, [
    "EINVAL exits d0000104/4, counters 0,1",
    "exits d0000104/4, counters 0,1",
    "exits d0000104/4, counters 0,1",
    "exits none, counters 1,1",
    "exits d0000104/4, counters 0,1",
    "exits d0000104/4, counters 0,1",
  ]],
  // A zone around a zero length: by heapsort the zone is tried first in either order, and hides what it does not contain.
  [`eventfd, ${zoneInside}, mmio 0x1000/4 x1, ring, count`, [
    null,
    null,
    null,
    `ok, ok, ok, 1 taken, ${kept("1000")}, 0x0`,
    "ok, ok, ok, 1 taken, ring empty, 0x1",
    "ok, ok, ok, 1 taken, ring empty, 0x1",
  ]],
  [`eventfd, ${zoneBefore}, mmio 0x1000/4 x1, ring, count`, [
    null,
    null,
    null,
    `ok, ok, ok, 1 taken, ${kept("1000")}, 0x0`,
    `ok, ok, ok, 1 taken, ${kept("1000")}, 0x0`,
    `ok, ok, ok, 1 taken, ${kept("1000")}, 0x0`,
  ]],
  [`eventfd, ${zoneInside}, mmio 0x1004/4 x1, ring, count`, [
    null,
    null,
    null,
    "ok, ok, ok, 0 taken, ring empty, 0x0",
    `ok, ok, ok, 1 taken, ${kept("1004")}, 0x0`,
    `ok, ok, ok, 1 taken, ${kept("1004")}, 0x0`,
  ]],
  [`eventfd, ${zoneBefore}, mmio 0x1004/4 x1, ring, count`, [
    null,
    null,
    null,
    "ok, ok, ok, 0 taken, ring empty, 0x0",
    "ok, ok, ok, 0 taken, ring empty, 0x0",
    "ok, ok, ok, 0 taken, ring empty, 0x0",
  ]],
  // (0 - last - 1) % 170 in 32 bits is 0 at last = 85, for 2^32 % 170 is 86.
  ["zone 0xd0000100+256 pio 0, mmio 0xd0000100/4 x200", [
    ...names.slice(0, 5).map(() => "ok, 85 taken"),
    "ok, 169 taken",
  ]],
  // Zones of ports came between 4.4 and 5.15; before, the field was padding.
  ["zone 0x3f8+8 pio 1, mmio 0x3f8/1 x1, ring", [
    ...names.slice(0, 4).map(() => "ok, 1 taken, mmio 0x3f8 len 1 0x1"),
    "ok, 0 taken, ring empty",
    "ok, 0 taken, ring empty",
  ]],
  ["zone 0x3f8+8 pio 2, mmio 0x3f8/1 x1, ring", [
    ...names.slice(0, 4).map(() => "ok, 1 taken, mmio 0x3f8 len 1 0x1"),
    "EINVAL, 0 taken, ring empty",
    "EINVAL, 0 taken, ring empty",
  ]],
  // Port 0x80 did not exit on VMX up to 4.4.
  ["eventfd, bell 0x80/1/0x2, pio 0x80/1 x1, count", [
    ...names.slice(0, 4).map(() => "ok, ok, 1 taken, 0x0"),
    "ok, ok, 1 taken, 0x1",
    "ok, ok, 1 taken, 0x1",
  ]],
  ["eventfd, bell 0x84/1/0x2, pio 0x84/1 x1, count", all("ok, ok, 1 taken, 0x1")],
];

for (const [asked, expected] of byHand) {
  Deno.test(`vectors/derived: ${asked}`, () => {
    const found = files.map(({ vectors }) => {
      const vector = vectors.find((one) => question(one) === asked);
      return vector === undefined ? null : answer(vector);
    });
    // A null by hand is a question that nobody judged there, or one that its first registration ends.
    const judged = expected.map((one, i) => one === null ? found[i] ?? null : one);
    assertEquals(found, judged);
    assert(found.filter((one) => one !== null).length >= 3, "the question is asked");
  });
}

Deno.test("every topic of vectors/derived is judged by hand", () => {
  const topics = new Set<string>(), judged = new Set<string>();
  for (const { vectors } of files) {
    for (const vector of vectors) {
      const topic = vector.id.split("/").slice(1, 3).join("/");
      topics.add(topic);
      if (byHand.some(([asked]) => asked === question(vector))) judged.add(topic);
    }
  }
  assertEquals([...judged].sort(), [...topics].sort());
});

Deno.test("every line of vectors/derived says its release, that it is derived, and from which function", () => {
  for (const { name, vectors } of files) {
    const tree = name === "seed" ? "f848a5a8dcb6" : name;
    for (const { id, release, provenance, source = "" } of vectors) {
      assertEquals([id, release, provenance], [id, name, "derived"]);
      assert(new RegExp(`^KERNEL ${tree} (virt|fs|arch)/[\\w/]+\\.c \\w+$`).test(source), source);
    }
  }
});

Deno.test("vectors/derived is what tools/derive_vectors.ts writes", () => {
  assertEquals(kernelReleases.map(({ name }) => name), [...names]);
  for (const [i, release] of kernelReleases.entries()) {
    assert(
      derivedFile(release) === files[i]!.text,
      `deno run -A tools/derive_vectors.ts: ${release.name}`,
    );
  }
});
