/**
 * What a run cost, as a row of a report.
 *
 * @module
 */
import { modelledCycles } from "@ioeventfd/vmx-sim";
import { accessPaths, accessWork } from "./counted_work.ts";
import type { CpuRun } from "./cpu_run.ts";
import type { ReportRow } from "./report_table.ts";

/**
 * Path, exits to userspace and KVM's work of the last run's accesses to doorbells and devices. Cells about work are null
 * where the backend counts none.
 *
 * @param cpu The vCPU that ran
 *
 * @example
 * ```ts
 * import { costRow, mmioDoorbell, Stage } from "@ioeventfd/scenario";
 * import { VmxBackend } from "@ioeventfd/vmx-sim";
 *
 * using stage = new Stage(new VmxBackend({ counting: true }));
 * const { vm, cpu } = stage.machine();
 * vm.assign(mmioDoorbell(0xfebfb000n), stage.eventfd("queue 0"));
 * cpu.store(0xfebfb000n, 2); // the first touch installs the MMIO SPTE
 * cpu.store(0xfebfb000n, 2);
 * if (costRow(cpu).path !== "fast-mmio") throw new Error("not fast");
 * ```
 */
export function costRow(cpu: CpuRun): ReportRow {
  const work = cpu.work === null ? null : accessWork(cpu.work);
  const table = work && work.fetchPageTableReads + work.dataPageTableReads;
  return {
    path: cpu.work === null ? null : accessPaths(cpu.work).join("+") || "none",
    "userspace exits": cpu.exits.length,
    "PT reads": table,
    "EPT reads": work && work.eptReads,
    bytes: work && work.bytesFetched,
    decoded: work && work.decoded,
    "bus compares": work && work.busCompares,
    "model cycles": work && Math.round(modelledCycles(work)),
  };
}
