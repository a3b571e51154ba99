/**
 * Clauses of the recording program for KVM's tracepoints.
 *
 * @module
 */
import { line } from "./_record_clauses.ts";

interface Recorded {
  readonly name: string;
  /** Format and field of each; one that this host's tracepoint does not have is left out. */
  readonly fields: readonly (readonly [text: string, field: string])[];
}

const recorded: readonly Recorded[] = [
  {
    name: "kvm_mmio",
    fields: [["type %u", "type"], ["len %u", "len"], ["gpa 0x%llx", "gpa"], ["val 0x%llx", "val"]],
  },
  {
    name: "kvm_pio",
    fields: [
      ["rw %u", "rw"],
      ["port 0x%x", "port"],
      ["size %u", "size"],
      ["count %u", "count"],
      ["val 0x%x", "val"],
    ],
  },
  { name: "kvm_userspace_exit", fields: [["reason %u", "reason"], ["errno %d", "errno"]] },
  { name: "kvm_fast_mmio", fields: [["gpa 0x%llx", "gpa"]] },
  {
    name: "kvm_exit",
    fields: [
      ["vcpu %u", "vcpu_id"],
      ["reason %u", "exit_reason"],
      ["rip 0x%llx", "guest_rip"],
      ["info1 0x%llx", "info1"],
      ["info2 0x%llx", "info2"],
    ],
  },
  {
    name: "kvm_page_fault",
    fields: [
      ["vcpu %u", "vcpu_id"],
      ["rip 0x%llx", "guest_rip"],
      ["address 0x%llx", "fault_address"],
      ["error_code 0x%llx", "error_code"],
    ],
  },
];

/** KVM's tracepoints that a recording has, in the order of the program. */
export const recordedTracepoints: readonly string[] = recorded.map(({ name }) => `kvm:${name}`);

/** Those this host has. Fields it does not list are taken to be there when it lists none. */
export function kvmTracepoints(
  tracepoints: ReadonlyMap<string, readonly string[]>,
  without: readonly string[],
): string[] {
  return recorded.flatMap(({ name, fields }) => {
    const there = tracepoints.get(`kvm:${name}`);
    if (there === undefined || without.includes(name)) return [];
    const used = fields.filter(([, field]) => there.length === 0 || there.includes(field));
    const text = used.map(([format]) => format).join(" ");
    const args = used.map(([, field]) => `args->${field}`);
    return [`tracepoint:kvm:${name} /@watched[(uint64)pid]/ { ${line(`${name}: ${text}`, args)} }`];
  });
}
