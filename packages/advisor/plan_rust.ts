/**
 * Plans as Rust.
 *
 * @module
 */
import { hex, KVM_IOEVENTFD_FLAG_DATAMATCH, KVM_IOEVENTFD_FLAG_PIO } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import { describeRegistration } from "./_describe.ts";
import { commentText, eventfdIdentifiers, remarks } from "./_plan_names.ts";
import type { Plan, PlanStep } from "./plan_report.ts";

const deassign = 4, ccw = 8;
const integers = new Map([[1, "u8"], [2, "u16"], [4, "u32"], [8, "u64"]]);

const rawHelper = [
  "vmm_sys_util::ioctl_iow_nr!(KVM_IOEVENTFD, kvm_bindings::KVMIO, 0x79, kvm_ioeventfd);",
  "",
  "/// `register_ioevent` has no words for a length without a value to compare.",
  "fn ioeventfd(",
  "    vm: &VmFd,",
  "    fd: &EventFd,",
  "    addr: u64,",
  "    len: u32,",
  "    datamatch: u64,",
  "    flags: u32,",
  ") -> Result<(), Error> {",
  "    let fd = fd.as_raw_fd();",
  "    let step = kvm_ioeventfd { datamatch, addr, len, fd, flags, ..Default::default() };",
  "    // SAFETY: the kernel reads one struct kvm_ioeventfd, which outlives the call.",
  "    match unsafe { ioctl_with_ref(vm, KVM_IOEVENTFD(), &step) } {",
  "        0 => Ok(()),",
  "        _ => Err(Error::last()),",
  "    }",
  "}",
  "",
];

/**
 * A function in Rust that carries a plan out with `kvm-ioctls`: `register_ioevent` and `unregister_ioevent` where they
 * have words for a step, the ioctl itself where they do not (a length without a value to compare).
 *
 * @param plan What is to be done
 * @returns A whole module, for the crates kvm-ioctls and vmm-sys-util, and kvm-bindings where the ioctl is made itself
 *
 * @example
 * ```ts
 * import { parseRegistrationSet, plan, planRust } from "@ioeventfd/advisor";
 *
 * const next = parseRegistrationSet('[{"addr":"0x2000","len":0,"name":"tx"}]');
 * const call = "vm.register_ioevent(&efd.efd_tx, &IoEventAddress::Mmio(0x2000), NoDatamatch)?;";
 * if (!planRust(plan([], next)).includes(call)) throw new Error("no call");
 * ```
 */
export function planRust(plan: Plan): string {
  const names = eventfdIdentifiers(plan);
  const calls = plan.steps.map((step) => callOf(step, names.get(step.eventfd)!));
  const body = calls.flatMap((call, i) => {
    const { op, registration } = plan.steps[i]!;
    const about = [
      `${i + 1}: ${op} ${describeRegistration(registration)}`,
      ...remarks(plan, i + 1),
    ];
    return [`    // ${commentText(about.join("; "))}`, `    ${call}`];
  });
  const raw = calls.some((call) => call.startsWith("ioeventfd("));
  const uses = (word: string): boolean => calls.some((call) => call.includes(word));
  const imports = [
    ...(uses("IoEventAddress") ? ["IoEventAddress"] : []),
    ...(uses("NoDatamatch") ? ["NoDatamatch"] : []),
    "VmFd",
  ].join(", ");
  const fields = [...names].map(([eventfd, name]) =>
    `    /// ${commentText(eventfd)}\n    pub ${name}: EventFd,`
  );
  const unused = plan.steps.length === 0 ? "_" : "";
  return [
    `//! ${plan.steps.length} steps by ioeventfd plan, checked on Linux ${plan.checked.join(", ")}`,
    "",
    ...(raw ? ["use std::os::fd::AsRawFd;", "", "use kvm_bindings::kvm_ioeventfd;"] : []),
    imports === "VmFd" ? "use kvm_ioctls::VmFd;" : `use kvm_ioctls::{${imports}};`,
    "use vmm_sys_util::errno::Error;",
    ...(fields.length > 0 ? ["use vmm_sys_util::eventfd::EventFd;"] : []),
    ...(raw ? ["use vmm_sys_util::ioctl::ioctl_with_ref;"] : []),
    "",
    ...(raw ? rawHelper : []),
    ...(fields.length > 0 ? ["pub struct PlanEventFds {", ...fields, "}", ""] : []),
    `pub fn apply_plan(${unused}vm: &VmFd${
      fields.length > 0 ? ", efd: &PlanEventFds" : ""
    }) -> Result<(), Error> {`,
    ...body,
    "    Ok(())",
    "}",
    "",
  ].join("\n");
}

function callOf({ op, registration }: PlanStep, eventfd: string): string {
  const { addr, len, flags, datamatch } = registration;
  const compares = (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) !== 0;
  const integer = integers.get(len);
  const spelled = (flags & ccw) === 0 && (len === 0 ? !compares : compares && fits(registration));
  if (!spelled) {
    const all = flags | (op === "deassign" ? deassign : 0);
    const value = compares ? hex(datamatch) : "0";
    return `ioeventfd(vm, &efd.${eventfd}, ${hex(addr)}, ${len}, ${value}, ${hex(all)})?;`;
  }
  const bus = flags & KVM_IOEVENTFD_FLAG_PIO ? "Pio" : "Mmio";
  const value = len === 0 ? "NoDatamatch" : `${hex(datamatch)}${integer}`;
  const call = op === "assign" ? "register_ioevent" : "unregister_ioevent";
  return `vm.${call}(&efd.${eventfd}, &IoEventAddress::${bus}(${hex(addr)}), ${value})?;`;
}

function fits({ len, datamatch }: Registration): boolean {
  return datamatch < 1n << BigInt(8 * len);
}
