/**
 * Plans as C.
 *
 * @module
 */
import { hex, KVM_IOEVENTFD_FLAG_DATAMATCH, KVM_IOEVENTFD_FLAG_PIO } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import { describeRegistration } from "./_describe.ts";
import { commentText, eventfdIdentifiers, remarks } from "./_plan_names.ts";
import type { Plan, PlanStep } from "./plan_report.ts";

const ccw = 8;

/**
 * A function in C that carries a plan out: one `ioctl(vm, KVM_IOEVENTFD, …)` a step.
 *
 * @param plan What is to be done
 * @returns A whole file, which needs `<linux/kvm.h>` and nothing else
 *
 * @example
 * ```ts
 * import { parseRegistrationSet, plan, planC } from "@ioeventfd/advisor";
 *
 * const old = parseRegistrationSet('[{"addr":"0x1000","len":0,"fd":7}]');
 * const text = planC(plan(old, parseRegistrationSet('[{"addr":"0x2000","len":0,"fd":7}]')));
 * if (!text.includes("ioctl(vm, KVM_IOEVENTFD, &step)")) throw new Error("no ioctl");
 * ```
 */
export function planC(plan: Plan): string {
  const names = eventfdIdentifiers(plan);
  const fields = [...names].map(([eventfd, name]) =>
    `\tint ${name};${eventfd === name ? "" : ` /* ${commentText(eventfd)} */`}`
  );
  return [
    `/* ${plan.steps.length} steps by ioeventfd plan, checked on Linux ${checkedOn(plan)} */`,
    "#include <linux/kvm.h>",
    "#include <sys/ioctl.h>",
    "",
    ...(fields.length === 0 ? [] : ["struct plan_eventfds {", ...fields, "};", ""]),
    "/* Returns 0, or the number of the step that failed, for which errno says why. */",
    `int apply_plan(int vm${fields.length === 0 ? "" : ", const struct plan_eventfds *efd"})`,
    "{",
    ...(plan.steps.length === 0 ? ["\t(void)vm;"] : ["\tstruct kvm_ioeventfd step;", ""]),
    ...plan.steps.flatMap((step, i) => stepLines(plan, step, i + 1, names.get(step.eventfd)!)),
    "\treturn 0;",
    "}",
    "",
  ].join("\n");
}

function checkedOn({ checked }: Plan): string {
  return checked.length === 0 ? "(none can hold both sets)" : checked.join(", ");
}

function stepLines(plan: Plan, step: PlanStep, number: number, eventfd: string): string[] {
  const { op, registration } = step;
  const about = [
    `${number}: ${op} ${describeRegistration(registration)}`,
    ...remarks(plan, number),
  ];
  const { addr, len, datamatch } = registration;
  const match = registration.flags & KVM_IOEVENTFD_FLAG_DATAMATCH
    ? [`.datamatch = ${u64(datamatch)},`]
    : [];
  return [
    `\t/* ${commentText(about.join("; "))} */`,
    "\tstep = (struct kvm_ioeventfd) {",
    ...[
      ...match,
      `.addr = ${u64(addr)},`,
      `.len = ${len},`,
      `.fd = efd->${eventfd},`,
      `.flags = ${flagsText(step.op, registration)},`,
    ].map((line) => `\t\t${line}`),
    "\t};",
    "\tif (ioctl(vm, KVM_IOEVENTFD, &step) < 0)",
    `\t\treturn ${number};`,
    "",
  ];
}

function u64(value: bigint): string {
  return `${hex(value)}${value >= 1n << 31n ? "ULL" : ""}`;
}

function flagsText(op: PlanStep["op"], { flags }: Registration): string {
  const names = [
    ...(flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? ["KVM_IOEVENTFD_FLAG_DATAMATCH"] : []),
    ...(flags & KVM_IOEVENTFD_FLAG_PIO ? ["KVM_IOEVENTFD_FLAG_PIO"] : []),
    ...(flags & ccw ? ["KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY"] : []),
    ...(op === "deassign" ? ["KVM_IOEVENTFD_FLAG_DEASSIGN"] : []),
  ];
  return names.length === 0 ? "0" : names.join(" | ");
}
