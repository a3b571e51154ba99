/** Exports read back by what reads them: replay, hyparquet, JSON and a CSV reader. */
import { assert, assertEquals } from "@std/assert";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { replay } from "@ioeventfd/capture";
import type { ReplayReport } from "@ioeventfd/capture";
import { exportColumns } from "./export_columns.ts";
import { exportCsv } from "./export_csv.ts";
import { exportFtrace } from "./export_ftrace.ts";
import { exportParquet } from "./export_parquet.ts";
import { exportPerfetto } from "./export_perfetto.ts";

const captures = new URL("../../captures/", import.meta.url);
const names = [...Deno.readDirSync(captures)].map(({ name }) => name)
  .filter((name) => name.includes("trace.txt")).sort();
const blk = await Deno.readFile(new URL("q35-virtio-blk.bpftrace.txt", captures));

type Sink = (bytes: Uint8Array) => void;

async function bytesOf(make: (sink: Sink) => Promise<void>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  await make((bytes) => chunks.push(bytes.slice()));
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function textOf(make: (sink: Sink) => Promise<void>): Promise<string> {
  return new TextDecoder().decode(await bytesOf(make));
}

/** What must not change on the way through another text. */
function essence({ exits, outcomes, writes, doorbells, contradictions }: ReplayReport): unknown {
  return { exits, outcomes, writes, doorbells, contradictions: contradictions.length };
}

for (const name of names) {
  Deno.test(`exportFtrace() gives ${name} a text that replays the same`, async () => {
    const bytes = await Deno.readFile(new URL(name, captures));
    const text = await bytesOf((sink) => exportFtrace(() => bytes, sink));
    assertEquals(essence(await replay(text)), essence(await replay(bytes)));
  });
}

Deno.test("exportFtrace() writes lines as tracefs does", async () => {
  const text =
    `3304226610000 19363/19365 qemu-system-x86 kvm_pio: rw 0 port 0x71 size 1 count 1 val 0x26
3304226620123 19363/19365 qemu-system-x86 kvm_mmio: type 0 len 4 gpa 0xfee00020 val 0x0
3304226630000 19363/19365 qemu-system-x86 kvm_userspace_exit: reason 10 errno -4
Lost 12 events
`;
  const lines = (await textOf((sink) => exportFtrace(() => new TextEncoder().encode(text), sink)))
    .split("\n").filter((line) => !line.startsWith("#"));
  const who = " qemu-system-x86-19365   (  19363) [000] ..... ";
  assertEquals(lines, [
    `${who} 3304.226610000: kvm_pio: pio_read at 0x71 size 1 count 1 val 0x26 `,
    `${who} 3304.226620123: kvm_mmio: mmio unsatisfied-read len 4 gpa 0xfee00020 val 0x0`,
    `${who} 3304.226630000: kvm_userspace_exit: reason restart (4)`,
    "CPU:0 [LOST 12 EVENTS]",
    "",
  ]);
});

Deno.test("exportCsv() writes as many rows as events, each with every column", async () => {
  const text = await textOf((sink) => exportCsv("blk", () => blk, sink));
  const [heading, ...lines] = text.trimEnd().split("\n");
  const report = await replay(blk);
  assertEquals(heading, exportColumns.map(({ name }) => name).join(","));
  assertEquals(lines.length, report.events);
  const at = heading!.split(",").indexOf("outcome");
  const plain = lines.filter((line) => !line.includes('"')).map((line) => line.split(","));
  assert(plain.every((fields) => fields.length === exportColumns.length));
  assertEquals(
    plain.filter((fields) => fields[at] === "ioeventfd").length,
    report.outcomes.ioeventfd,
  );
});

Deno.test("exportCsv() quotes what has commas, quotes or newlines", async () => {
  const text = '1 7/7 a,"b kvm_pio: rw 1 port 0x402 size 1 count 1 val 0x53\n';
  const recording = new TextEncoder().encode(text);
  const csv = await textOf((sink) => exportCsv('x"\ny', () => recording, sink));
  assert(csv.includes('\n"x""\ny",1,1,7,7,"a,""b",write,'), csv);
});

Deno.test("exportParquet() writes what hyparquet reads back: CSV's rows, with their types", async () => {
  const file = (await bytesOf((sink) => exportParquet("blk", () => blk, sink))).buffer;
  const rows = await parquetReadObjects({ file });
  const csv = await textOf((sink) => exportCsv("blk", () => blk, sink));
  const shown = rows.map((row) =>
    exportColumns.map(({ name }) => {
      const value = row[name];
      if (value === null || value === undefined) return "";
      return /[,"]/.test(String(value)) ? `"${value}"` : String(value);
    }).join(",")
  );
  assertEquals(shown, csv.trimEnd().split("\n").slice(1));
  const { schema, created_by } = parquetMetadata(file);
  assertEquals(created_by, "ioeventfd export");
  assertEquals(
    schema.slice(1).map(({ name, type, converted_type, repetition_type }) =>
      [name, type, converted_type, repetition_type].join(" ")
    ),
    exportColumns.map(({ name, type, nullable }) => {
      const [physical, logical] = type === "STRING" ? ["BYTE_ARRAY", "UTF8"] : [type, ""];
      return [name, physical, logical, nullable ? "OPTIONAL" : "REQUIRED"].join(" ");
    }),
  );
});

Deno.test("exportParquet() keeps a u64 of 2^63 and more as the negative of it, and its hex", async () => {
  const text = "1 7/7 vmm kvm_mmio: type 2 len 8 gpa 0xffffffffffff0000 val 0xffffffffffffffff\n";
  const recording = new TextEncoder().encode(text);
  const file = (await bytesOf((sink) => exportParquet("r", () => recording, sink))).buffer;
  const [row] = await parquetReadObjects({ file });
  assertEquals([row!.addr, row!.address, row!.value], [-0x1_0000n, "0xffffffffffff0000", -1n]);
});

Deno.test("exportParquet() writes several row groups, and what it has written leaves its memory", async () => {
  const line = "1 7/7 vmm kvm_pio: rw 1 port 0x402 size 1 count 1 val 0x53\n";
  const rows = 66_000;
  const recording = new TextEncoder().encode(line.repeat(rows));
  const sizes: number[] = [];
  const bytes = await bytesOf((sink) =>
    exportParquet("many", () => recording, (bytes) => {
      sizes.push(bytes.length);
      sink(bytes);
    })
  );
  const { num_rows, row_groups } = parquetMetadata(bytes.buffer);
  assertEquals([num_rows, row_groups.length], [BigInt(rows), 2]);
  assert(sizes.length >= 2 && Math.max(...sizes) < bytes.length);
});

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: number;
  readonly args?: Record<string, unknown>;
}

async function traceOf(bytes: Uint8Array): Promise<TraceEvent[]> {
  return JSON.parse(await textOf((sink) => exportPerfetto(() => bytes, sink))).traceEvents;
}

Deno.test("exportPerfetto() has a track for the vCPU, its kicks, and a counter that counts them", async () => {
  const report = await replay(blk);
  const events = await traceOf(blk);
  const kicks = events.filter(({ name }) => name.startsWith("kick "));
  assertEquals(kicks.length, report.outcomes.ioeventfd);
  assertEquals(new Set(kicks.map(({ tid }) => tid)).size, 1);
  const tracks = events.filter(({ name, tid }) => name === "thread_name" && tid === kicks[0]!.tid);
  assertEquals(tracks.at(-1)!.args, { name: "vCPU of VM 9 of process 19207" });
  const counted = events.filter(({ ph, name }) => ph === "C" && name.includes("0xfebfb000"));
  assertEquals(counted.at(-1)!.args, { count: 401 });
  const exits = events.filter(({ name }) => name.startsWith("KVM_EXIT_"));
  assertEquals(exits.length, report.exits.io);
  assert(events.every(({ ph, dur }) => ph !== "X" || dur! > 0));
});

Deno.test("exportPerfetto() draws a flow from each kick to the read that took it", async () => {
  const text =
    `1000 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xc010 len 2 fd 5 flags 0x2 ret 0
2000 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0
3000 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0
4000 7/9 io eventfd_read: fd 5 value 0x2 ret 8
5000 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0
6000 7/9 io eventfd_read: fd 5 value 0x1 ret 8
`;
  const events = await traceOf(new TextEncoder().encode(text));
  const ends = (phase: string): unknown[] =>
    events.filter(({ ph }) => ph === phase).map(({ id, tid, ts }) => [id, tid, ts]);
  assertEquals(ends("s"), [[1, 8, 2], [2, 8, 3], [3, 8, 5]]);
  assertEquals(ends("f"), [[1, 9, 4], [2, 9, 4], [3, 9, 6]]);
  const counts = events.filter(({ ph }) => ph === "C").map(({ args }) => args!.count);
  assertEquals(counts, [1, 2, 0, 1, 0]);
  const slices = events.filter(({ ph }) => ph === "X");
  for (const { tid, ts } of events.filter(({ ph }) => ph === "s" || ph === "f")) {
    const around = slices.some((one) => one.tid === tid && one.ts <= ts && ts <= one.ts + one.dur!);
    assert(around, `no slice around ${ts}`);
  }
});
