import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { CaptureError } from "./capture_error.ts";
import { replay } from "./replay.ts";
import type { DoorbellReport, ReplayReport } from "./replay_report.ts";

const folder = new URL("../../captures/", import.meta.url);

function load(name: string): Uint8Array {
  return Deno.readFileSync(new URL(name, folder));
}

function find(report: ReplayReport, addr: bigint): Partial<DoorbellReport> {
  const { writes, signals, userspace, len, datamatch } = report.doorbells.find((one) =>
    one.addr === addr && one.writes > 0
  )!;
  return { writes, signals, userspace, len, datamatch };
}

const observed = { "q35-virtio-blk": 2660, "q35-virtio-blk-legacy": 2615, "q35-pci-testdev": 1717 };

for (const [name, exits] of Object.entries(observed)) {
  Deno.test(`replay() explains every exit of ${name}, from either recorder`, async () => {
    const bpftrace = await replay(load(`${name}.bpftrace.txt`));
    const ftrace = await replay(load(`${name}.ftrace.txt`));
    const expected = {
      observed: exits,
      io: exits - 2,
      explained: exits - 2,
      other: 2,
      unexplained: 0,
    };
    assertEquals(bpftrace.exits, expected);
    assertEquals(ftrace.exits, expected);
    assertEquals([bpftrace.contradictionCount, bpftrace.malformed.count], [0, 0]);
    assertEquals([bpftrace.inferred.length, ftrace.contradictionCount], [0, 0]);
    assertEquals(ftrace.outcomes, bpftrace.outcomes);
    const sum = Object.values(bpftrace.outcomes).reduce((total, count) => total + count, 0);
    assertEquals(sum, bpftrace.writes);
  });
}

Deno.test("replay() counts 401 signals of the zero-length doorbell of q35-virtio-blk", async () => {
  const expected = { writes: 401, signals: 401, userspace: 0, len: 0, datamatch: null };
  assertEquals(find(await replay(load("q35-virtio-blk.bpftrace.txt")), 0xfebfb000n), expected);
  const inferred = find(await replay(load("q35-virtio-blk.ftrace.txt")), 0xfebfb000n);
  assertEquals(inferred, { ...expected, len: null });
});

Deno.test("replay() counts 100 writes to each register of pci-testdev", async () => {
  const report = await replay(load("q35-pci-testdev.bpftrace.txt"));
  const taken = { writes: 100, signals: 100, userspace: 0 };
  assertEquals(find(report, 0xfebfe801n), { ...taken, len: 0, datamatch: null });
  assertEquals(find(report, 0xfebfe802n), { ...taken, len: 1, datamatch: 0xfan });
  assertEquals(find(report, 0xc084n), { ...taken, len: 1, datamatch: null });
  assertEquals(find(report, 0xc085n), { ...taken, len: 1, datamatch: 0xfan });
  const exited = { writes: 100, signals: 0, userspace: 100, len: 1, datamatch: null };
  assertEquals(find(report, 0xfebfe800n), exited);
  assertEquals(find(report, 0xc083n), exited);
});

Deno.test("replay() explains every exit of the recordings made for other machines", async () => {
  for (const { name, isFile } of Deno.readDirSync(folder)) {
    if (!isFile || !name.endsWith(".txt.gz")) continue;
    const { exits, contradictions, malformed } = await replay(load(name));
    assertEquals([name, exits.unexplained, contradictions, malformed.count], [name, 0, [], 0]);
    assert(exits.io > 0);
  }
});

Deno.test("replay() knows a tracer that came late and stopped amid busy guests", async () => {
  const { exits, inferred, outcomes } = await replay(load("two-pc-late-cut.bpftrace.txt.gz"));
  assertEquals([exits.observed, exits.explained], [704, 704]);
  assertEquals(outcomes, { ioeventfd: 64, coalesced: 80, inKernel: 52, userspace: 160 });
  const stopped = inferred.filter((one) => one.includes("the tracer was being stopped"));
  assertEquals(stopped.map((one) => parseInt(one)), [55, 23]);
});

Deno.test("replay() notices a line taken out of a recording, whichever it is", async () => {
  const lines = new TextDecoder().decode(load("q35-virtio-blk.bpftrace.txt")).split("\n");
  const kinds = [
    /KVM_IOEVENTFD: .* addr 0xfebfb000 len 0 .* flags 0x0 /, // the doorbell
    /KVM_REGISTER_COALESCED_MMIO: .* addr 0x70 /,
    /ioctl: .* cmd 0xae60 /, // the irqchip: inferred
    /kvm_pio: rw 1 port 0x402 /, // an OUT that exits
    /kvm_pio: rw 0 port 0x71 /, // an IN that exits
    /kvm_userspace_exit: reason 6 /,
    /kvm_mmio: type 0 /,
  ];
  for (const kind of kinds) {
    const at = lines.findIndex((line) => kind.test(line));
    const text = lines.toSpliced(at, 1).join("\n");
    const report = await replay(new TextEncoder().encode(text));
    const noticed = report.contradictionCount + report.exits.unexplained + report.inferred.length;
    assert(noticed > 0, `${lines[at]} was not missed`);
  }
});

Deno.test("replay() throws nothing but CaptureError, whatever is done to a recording", async () => {
  const excerpts = ["q35-pci-testdev.bpftrace.txt", "q35-pci-testdev.ftrace.txt"].map((name) => {
    const lines = new TextDecoder().decode(load(name)).split("\n");
    const picked = lines.filter((line, i) => i < 90 || (/KVM_/.test(line) || i % 40 === 0));
    return new TextEncoder().encode(picked.slice(0, 220).join("\n"));
  });
  const edit = fc.record({ at: fc.nat(), drop: fc.nat(40), put: fc.uint8Array({ maxLength: 12 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...excerpts),
      fc.array(edit, { maxLength: 12 }),
      async (from, edits) => {
        let bytes = from;
        for (const { at, drop, put } of edits) {
          const p = at % (bytes.length + 1);
          bytes = Uint8Array.of(...bytes.subarray(0, p), ...put, ...bytes.subarray(p + drop));
        }
        try {
          const { exits } = await replay(bytes);
          assertEquals(exits.explained + exits.unexplained, exits.io);
        } catch (error) {
          if (!(error instanceof CaptureError)) throw error;
        }
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("replay() throws nothing but CaptureError when digits of a recording are changed", async () => {
  const text = new TextDecoder().decode(load("q35-pci-testdev.bpftrace.txt"));
  const lines = text.split("\n").filter((line, i) =>
    /KVM_|cmd 0x(ae[046]|40)/.test(line) || i % 60 === 0
  );
  const from = new TextEncoder().encode(lines.join("\n"));
  const digits = from.reduce<number[]>(
    (list, byte, i) => byte >= 48 && byte <= 57 ? [...list, i] : list,
    [],
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...digits), fc.constantFrom(..."0189fabcd- ")), {
        maxLength: 30,
      }),
      async (changes) => {
        const bytes = from.slice();
        for (const [at, digit] of changes) bytes[at] = digit.charCodeAt(0);
        try {
          await replay(bytes);
        } catch (error) {
          if (!(error instanceof CaptureError)) throw error;
        }
      },
    ),
    { numRuns: 300 },
  );
});
