/**
 * Text of KVM's tracepoints after `event: `, as a release prints it.
 *
 * @module
 */
import type { TraceRules } from "@ioeventfd/uapi";

/** `%llx` of a u64 in two words. */
export function hex64(lo: number, hi: number): string {
  if (hi === 0) return (lo >>> 0).toString(16);
  return (hi >>> 0).toString(16) + (lo >>> 0).toString(16).padStart(8, "0");
}

/** `%016llx` of a u64 in two words. */
function hex16(lo: number, hi: number): string {
  return hex64(lo, hi).padStart(16, "0");
}

/** `%08x`. */
function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** What an exit leaves behind, as `kvm_exit` prints it. */
export interface ExitInfo {
  /** Name of the basic exit reason, e.g. `EPT_MISCONFIG`. */
  readonly reason: string;
  /** RIP, low word. */
  readonly ripLo: number;
  /** RIP, high word. */
  readonly ripHi: number;
  /** Exit qualification, low word. */
  readonly info1Lo: number;
  /** Exit qualification, high word. */
  readonly info1Hi: number;
  /** IDT-vectoring information. */
  readonly vectoring: number;
  /** Interruption information of the exit. */
  readonly intrInfo: number;
  /** Error code of the exit's interruption. */
  readonly errorCode: number;
}

/** `kvm_entry`. */
export function kvmEntryText(
  rules: TraceRules,
  vcpu: number,
  ripLo: number,
  ripHi: number,
  intrInfo: number,
  errorCode: number,
  immediateExit: boolean,
): string {
  if (rules.format === "4.4") return `vcpu ${vcpu}`;
  const text = `vcpu ${vcpu}, rip 0x${hex64(ripLo, ripHi)}`;
  if (rules.format === "5.15") return text;
  return `${text} intr_info 0x${hex8(intrInfo)} error_code 0x${hex8(errorCode)}${
    immediateExit ? "[immediate exit]" : ""
  }`;
}

/** `kvm_exit`. */
export function kvmExitText(rules: TraceRules, vcpu: number, exit: ExitInfo): string {
  const rip = hex64(exit.ripLo, exit.ripHi);
  if (rules.format === "4.4") {
    const info = hex64(exit.info1Lo, exit.info1Hi);
    return `reason ${exit.reason} rip 0x${rip} info ${info} ${(exit.intrInfo >>> 0).toString(16)}`;
  }
  const text = `vcpu ${vcpu} reason ${exit.reason} rip 0x${rip}` +
    ` info1 0x${hex16(exit.info1Lo, exit.info1Hi)} info2 0x${hex16(exit.vectoring, 0)}` +
    ` intr_info 0x${hex8(exit.intrInfo)} error_code 0x${hex8(exit.errorCode)}`;
  return rules.format === "5.15" ? text : `${text} requests 0x${hex16(0, 0)}`;
}

/** `kvm_page_fault`. */
export function kvmPageFaultText(
  rules: TraceRules,
  vcpu: number,
  ripLo: number,
  ripHi: number,
  addressLo: number,
  addressHi: number,
  errorCode: number,
): string {
  const code = (errorCode >>> 0).toString(16);
  if (rules.format !== "6.19") return `address ${hex64(addressLo, addressHi)} error_code ${code}`;
  return `vcpu ${vcpu} rip 0x${hex64(ripLo, ripHi)} address 0x${hex16(addressLo, addressHi)}` +
    ` error_code 0x${code}`;
}

/** `kvm_fast_mmio`. */
export function kvmFastMmioText(gpaLo: number, gpaHi: number): string {
  return `fast mmio at gpa 0x${hex64(gpaLo, gpaHi)}`;
}

/** `kvm_mmio`; the value is the first 8 bytes at most. */
export function kvmMmioText(
  kind: "read" | "write" | "unsatisfied-read",
  len: number,
  gpaLo: number,
  gpaHi: number,
  valueLo: number,
  valueHi: number,
): string {
  return `mmio ${kind} len ${len} gpa 0x${hex64(gpaLo, gpaHi)} val 0x${hex64(valueLo, valueHi)}`;
}

/** `kvm_pio`; the value is the first element, and a space ends the line of a single one. */
export function kvmPioText(
  kind: "read" | "write",
  port: number,
  size: number,
  count: number,
  value: number,
): string {
  const hex = (value >>> 0).toString(16);
  return `pio_${kind} at 0x${port.toString(16)} size ${size} count ${count} val 0x${hex} ${
    count > 1 ? "(...)" : ""
  }`;
}

/** `kvm_emulate_insn`: code segment base, RIP, bytes, mode. */
export function kvmEmulateInsnText(
  csBase: number,
  ripLo: number,
  ripHi: number,
  bytes: Uint8Array,
  length: number,
  mode: string,
  failed: boolean,
): string {
  const hex = Array.from(bytes.subarray(0, length), (b) => b.toString(16).padStart(2, "0"));
  return `${(csBase >>> 0).toString(16)}:${hex64(ripLo, ripHi)}:${hex.join(" ")} (${mode})${
    failed ? " failed" : ""
  }`;
}

/** `vcpu_match_mmio`. */
export function vcpuMatchMmioText(
  gvaLo: number,
  gvaHi: number,
  gpaLo: number,
  gpaHi: number,
  write: boolean,
  byGpa: boolean,
): string {
  return `gva ${alternate(gvaLo, gvaHi)} gpa ${alternate(gpaLo, gpaHi)} ${
    write ? "Write" : "Read"
  } ${byGpa ? "GPA" : "GVA"}`;
}

/** `%#lx`: zero has no prefix. */
function alternate(lo: number, hi: number): string {
  return lo === 0 && hi === 0 ? "0" : `0x${hex64(lo, hi)}`;
}

/** `mark_mmio_spte`: where the entry lies, the guest page, access bits and generation. */
export function markMmioSpteText(
  entry: number,
  gfnLo: number,
  gfnHi: number,
  access: number,
  generation: number,
): string {
  const sptep = (0xffff_8880_0000_0000n + BigInt(entry) * 8n).toString(16);
  return `sptep:${sptep} gfn ${hex64(gfnLo, gfnHi)} access ${access.toString(16)} gen ${
    generation.toString(16)
  }`;
}

/** `handle_mmio_page_fault`. */
export function handleMmioPageFaultText(
  addrLo: number,
  addrHi: number,
  gfnLo: number,
  gfnHi: number,
  access: number,
): string {
  return `addr:${hex64(addrLo, addrHi)} gfn ${hex64(gfnLo, gfnHi)} access ${access.toString(16)}`;
}

/** `check_mmio_spte`. */
export function checkMmioSpteText(
  spteLo: number,
  spteHi: number,
  kvmGeneration: number,
  spteGeneration: number,
  valid: boolean,
): string {
  return `spte ${hex64(spteLo, spteHi)} kvm_gen ${kvmGeneration.toString(16)} spte-gen ${
    spteGeneration.toString(16)
  } valid ${valid ? 1 : 0}`;
}

/** `kvm_userspace_exit`: exit reason number and name, or the errno that ended `KVM_RUN`. */
export function kvmUserspaceExitText(reason: number, name: string, errno: number): string {
  if (errno === 0) return `reason ${name} (${reason})`;
  return `reason ${errno === 4 ? "restart" : "error"} (${errno})`;
}
