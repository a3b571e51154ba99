/** The model against the vectors that come with the project, and lint against what they observed. */
import { assert, assertEquals } from "@std/assert";
import { lint } from "@ioeventfd/advisor";
import type { RegistrationSet } from "@ioeventfd/advisor";
import { parseVectors, runVector } from "@ioeventfd/conform";
import type { BusVector, Vector } from "@ioeventfd/conform";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { VmxBackend } from "@ioeventfd/vmx-sim";

const folder = new URL("../vectors/", import.meta.url);

async function vectors(name: string): Promise<Vector[]> {
  const list: Vector[] = [];
  const file = await Deno.open(new URL(name, folder));
  for await (const vector of parseVectors(file.readable, name)) list.push(vector);
  return list;
}

for (const kind of ["register", "collide", "bus"]) {
  Deno.test(`the model does what Linux did: ${kind}`, async () => {
    const list = await vectors(`${kind}.jsonl`);
    assert(list.length >= 100, `${list.length} vectors`);
    const backend = new CoreBackend();
    for (const vector of list) {
      const { id, outcome, differences } = runVector(backend, vector);
      assertEquals([id, outcome, differences], [id, "passed", []]);
    }
  });
}

for (const paging of ["shadow", "ept"] as const) {
  Deno.test(`the model with a CPU does what Linux did, ${paging} paging: guest`, async () => {
    const backend = new VmxBackend({ paging });
    for (const vector of await vectors("guest.jsonl")) {
      const { id, outcome, differences } = runVector(backend, vector);
      // The recording host has no EPT, and so no fast path: a REP store to a zero length differs.
      const isFastRep = paging === "ept" && vector.kind === "guest" &&
        vector.tag.startsWith("rep-") && vector.registrations.some(({ len }) => len === 0);
      if (!isFastRep) assertEquals([id, outcome, differences], [id, "passed", []]);
    }
  });
}

Deno.test("runVector() skips a guest where there is no CPU, and what a CPU does not decode", async () => {
  const [guest] = await vectors("guest.jsonl");
  assert(guest?.kind === "guest");
  const skipped = [
    runVector(new CoreBackend(), guest),
    runVector(new VmxBackend(), guest, { undecoded: new Set([guest.tag]) }),
  ];
  assertEquals(skipped.map(({ outcome, reason }) => [outcome, reason]), [
    ["skipped", "no CPU in this backend"],
    ["skipped", `${guest.tag} is not decoded`],
  ]);
});

Deno.test("runVector() tells what differs when the answer is another", async () => {
  const backend = new CoreBackend();
  const [first] = await vectors("register.jsonl");
  assert(first?.kind === "register");
  const other = first.errno === "EFAULT" ? "EIO" : "EFAULT";
  assertEquals(runVector(backend, { ...first, errno: other }).differences, [
    { what: "errno", expected: other, actual: String(first.errno) },
  ]);
  const bus = (await vectors("bus.jsonl")).find((one) =>
    one.kind === "bus" && one.userspace.length > 1
  );
  assert(bus?.kind === "bus");
  const { outcome, differences } = runVector(backend, {
    ...bus,
    userspace: bus.userspace.slice(1),
  });
  assertEquals([outcome, differences.length], ["failed", 1]);
});

/** The history of a bus vector as a set. */
function setOf(vector: BusVector): RegistrationSet {
  const made = new Map<number, RegistrationSet[number] & { kind: "assign" }>();
  return vector.ops.map((op) => {
    if (op.op === "deassign") return { ...made.get(op.fd)!, kind: "deassign" };
    const { addr, len, flags, datamatch } = op;
    const entry = {
      kind: "assign",
      registration: { addr, len, flags, datamatch },
      eventfd: String(op.fd),
    } as const;
    made.set(op.fd, entry);
    return entry;
  });
}

/** Whether the eventfd of each registration in force was signalled, where some write matches it exactly. */
function observed(vector: BusVector): Map<number, boolean> {
  const alive = new Map<number, boolean>();
  const gone = new Set(vector.ops.filter((op) => op.op === "deassign").map((op) => op.fd));
  vector.ops.forEach((op, step) => {
    if (op.op !== "assign" || op.errno !== null || gone.has(op.fd)) return;
    const matching = vector.writes.filter(({ addr, len, value }) =>
      addr === op.addr &&
      (op.len === 0 || (op.len === len && ((op.flags & 1) === 0 || value === op.datamatch)))
    );
    if (matching.length > 0) alive.set(step, vector.counters[op.fd]! > 0n);
  });
  return alive;
}

Deno.test("lint() names as dead what the vectors show dead, and nothing that they show alive", async () => {
  let dead = 0, alive = 0;
  for (const vector of await vectors("bus.jsonl")) {
    assert(vector.kind === "bus");
    const set = setOf(vector);
    const { registrations, safeOrder } = lint(set);
    for (const [step, fires] of observed(vector)) {
      const finding = registrations.find((one) => one.index === step);
      assertEquals([vector.id, step, finding?.verdict], [vector.id, step, fires ? "ok" : "dead"]);
      if (fires) alive++;
      else dead++;
    }
    if (safeOrder === null) continue;
    const again = lint(safeOrder.map((step) => set[step]!));
    const still = again.registrations.filter((one) =>
      one.verdict !== "never" && one.writes.length > 0
    );
    assertEquals([vector.id, still], [vector.id, []]);
  }
  assert(dead >= 20 && alive >= 200, `${dead} dead and ${alive} alive were judged`);
});
