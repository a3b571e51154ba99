import { assert, assertEquals } from "@std/assert";
import { replay } from "@ioeventfd/capture";
import type { DoorbellReport, ReplayReport } from "@ioeventfd/capture";
import type { ExportEvent } from "./export_event.ts";
import { readEvents } from "./read_events.ts";

const captures = new URL("../../captures/", import.meta.url);
const names = [...Deno.readDirSync(captures)].map(({ name }) => name)
  .filter((name) => name.includes("trace.txt")).sort();

async function eventsOf(bytes: Uint8Array): Promise<ExportEvent[]> {
  const all: ExportEvent[] = [];
  await readEvents(() => bytes, (events) => void all.push(...events));
  return all;
}

interface Row {
  counts: number[];
  times: number[];
  gaps: number[];
}

/** The doorbell table out of the events: what the table's users will do with SQL. */
function tableOf(events: readonly ExportEvent[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const event of events) {
    if (event.event !== "write") continue;
    const { vm, bus, addr, registration, doorbellLen, datamatch, outcome, gapNs, timeNs } = event;
    const key = [vm, bus, addr, registration, doorbellLen, datamatch].join();
    const row = rows.get(key) ?? { counts: [0, 0, 0, 0, 0], times: [], gaps: [] };
    rows.set(key, row);
    row.counts[0]!++;
    row.counts[["ioeventfd", "coalesced", "in-kernel", "userspace"].indexOf(outcome!) + 1]!++;
    row.times.push(timeNs);
    if (gapNs !== null) row.gaps.push(gapNs);
  }
  return rows;
}

function keyOf({ vm, bus, addr, registration, len, datamatch }: DoorbellReport): string {
  return [vm, bus, addr, registration, len, datamatch].join();
}

for (const name of names) {
  Deno.test(`readEvents() puts the writes of ${name} where replay counts them`, async () => {
    const bytes = await Deno.readFile(new URL(name, captures));
    const report: ReplayReport = await replay(bytes);
    const events = await eventsOf(bytes);
    const table = tableOf(events);
    for (const row of report.doorbells.filter(({ writes }) => writes > 0)) {
      const { counts, times, gaps } = table.get(keyOf(row))!;
      table.delete(keyOf(row));
      const { writes, signals, coalesced, inKernel, userspace, firstNs, lastNs, gapNs } = row;
      assertEquals(counts, [writes, signals, coalesced, inKernel, userspace], keyOf(row));
      // A text of threads alone has rows of several, and a guess takes over a whole address.
      if (row.registration === "inferred" || name.includes("ftrace")) continue;
      assertEquals([Math.min(...times), Math.max(...times)], [firstNs, lastNs]);
      if (gapNs === null) assertEquals(gaps, []);
      else {
        const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
        assertEquals({ mean, min: Math.min(...gaps), max: Math.max(...gaps) }, gapNs);
      }
    }
    const left = [...table.values()].reduce((sum, { counts }) => sum + counts[0]!, 0);
    const { places, writes, outcomes } = report.omitted;
    assertEquals([table.size, left], [places, writes]);
    const all = [outcomes.mmio, outcomes.pio].flatMap((one) => Object.values(one));
    assertEquals(all.reduce((sum, one) => sum + one, 0), writes);
    assertEquals(events.length, report.events + report.lostMarks);
    assertEquals(events.filter(({ event }) => event === "exit").length, report.exits.observed);
  });
}

Deno.test("readEvents() gives events in order of time, but for writes that end a thread", async () => {
  const events = await eventsOf(
    await Deno.readFile(new URL("two-q35.bpftrace.txt.gz", captures)),
  );
  let latest = 0;
  const late = events.filter(({ timeNs }) => {
    latest = Math.max(latest, timeNs);
    return timeNs < latest;
  });
  assertEquals(late.filter(({ event }) => event !== "write"), []);
  assert(late.length <= new Set(events.map(({ thread }) => thread)).size);
  assertEquals(new Set(events.map(({ line }) => line)).size, events.length);
});

Deno.test("readEvents() says what a call was given, and what an exit was for", async () => {
  const text = `1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0xffffffffffffffff addr 0xffff000000000000 len 8 fd 5 flags 0x1 ret -22
2000 7/8 vcpu kvm_mmio: type 0 len 4 gpa 0xfee00020 val 0x0
2100 7/8 vcpu kvm_userspace_exit: reason 6 errno 0
2200 7/9 io eventfd_read: fd 5 value 0x2 ret 8
2300 7/8 vcpu kvm_userspace_exit: reason 10 errno -4
`;
  const events = await eventsOf(new TextEncoder().encode(text));
  assertEquals(
    events.map(({ timeNs, thread, event, addr, value, fd, detail, ret }) =>
      [timeNs, thread, event, addr, value, fd, detail, ret].map(String).join(" ")
    ),
    [
      "1000 7 call null null null ioctl: fd 3 cmd 0xae01 arg 0x0 4",
      "1100 7 call null null null KVM_IOEVENTFD: vm 4 datamatch 0xffffffffffffffff " +
      "addr 0xffff000000000000 len 8 fd 5 flags 0x1 -22",
      "2000 8 unsatisfied-read 4276092960 null null null null",
      "2100 8 exit null null null KVM_EXIT_MMIO 0",
      "2200 9 eventfd-read null 2 5 null 8",
      "2300 8 exit null null null EINTR -4",
    ],
  );
});
