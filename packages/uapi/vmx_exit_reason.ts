/**
 * VMX basic exit reasons: why the CPU left the guest.
 *
 * @module
 */

// KERNEL 6.19 arch/x86/include/uapi/asm/vmx.h EXIT_REASON_*
/** VMX basic exit reason 0. */
export const EXIT_REASON_EXCEPTION_NMI = 0;
/** VMX basic exit reason 1. */
export const EXIT_REASON_EXTERNAL_INTERRUPT = 1;
/** VMX basic exit reason 2. */
export const EXIT_REASON_TRIPLE_FAULT = 2;
/** VMX basic exit reason 7. */
export const EXIT_REASON_INTERRUPT_WINDOW = 7;
/** VMX basic exit reason 8. */
export const EXIT_REASON_NMI_WINDOW = 8;
/** VMX basic exit reason 10. */
export const EXIT_REASON_CPUID = 10;
/** VMX basic exit reason 12. */
export const EXIT_REASON_HLT = 12;
/** VMX basic exit reason 16. */
export const EXIT_REASON_RDTSC = 16;
/** VMX basic exit reason 18. */
export const EXIT_REASON_VMCALL = 18;
/** VMX basic exit reason 28. */
export const EXIT_REASON_CR_ACCESS = 28;
/** VMX basic exit reason 29. */
export const EXIT_REASON_DR_ACCESS = 29;
/** VMX basic exit reason 30. */
export const EXIT_REASON_IO_INSTRUCTION = 30;
/** VMX basic exit reason 31. */
export const EXIT_REASON_MSR_READ = 31;
/** VMX basic exit reason 32. */
export const EXIT_REASON_MSR_WRITE = 32;
/** VMX basic exit reason 33. */
export const EXIT_REASON_INVALID_STATE = 33;
/** VMX basic exit reason 44. */
export const EXIT_REASON_APIC_ACCESS = 44;
/** VMX basic exit reason 45. */
export const EXIT_REASON_EOI_INDUCED = 45;
/** VMX basic exit reason 48. */
export const EXIT_REASON_EPT_VIOLATION = 48;
/** VMX basic exit reason 49. */
export const EXIT_REASON_EPT_MISCONFIG = 49;
/** VMX basic exit reason 52. */
export const EXIT_REASON_PREEMPTION_TIMER = 52;
/** VMX basic exit reason 54. */
export const EXIT_REASON_WBINVD = 54;
/** VMX basic exit reason 56. */
export const EXIT_REASON_APIC_WRITE = 56;
/** VMX basic exit reason 62. */
export const EXIT_REASON_PML_FULL = 62;

/** VMX basic exit reasons by the name that tracepoints print, in ascending order. */
export const vmxExitReasons: Readonly<Record<string, number>> = {
  EXCEPTION_NMI: EXIT_REASON_EXCEPTION_NMI,
  EXTERNAL_INTERRUPT: EXIT_REASON_EXTERNAL_INTERRUPT,
  TRIPLE_FAULT: EXIT_REASON_TRIPLE_FAULT,
  INTERRUPT_WINDOW: EXIT_REASON_INTERRUPT_WINDOW,
  NMI_WINDOW: EXIT_REASON_NMI_WINDOW,
  CPUID: EXIT_REASON_CPUID,
  HLT: EXIT_REASON_HLT,
  RDTSC: EXIT_REASON_RDTSC,
  VMCALL: EXIT_REASON_VMCALL,
  CR_ACCESS: EXIT_REASON_CR_ACCESS,
  DR_ACCESS: EXIT_REASON_DR_ACCESS,
  IO_INSTRUCTION: EXIT_REASON_IO_INSTRUCTION,
  MSR_READ: EXIT_REASON_MSR_READ,
  MSR_WRITE: EXIT_REASON_MSR_WRITE,
  INVALID_STATE: EXIT_REASON_INVALID_STATE,
  APIC_ACCESS: EXIT_REASON_APIC_ACCESS,
  EOI_INDUCED: EXIT_REASON_EOI_INDUCED,
  EPT_VIOLATION: EXIT_REASON_EPT_VIOLATION,
  EPT_MISCONFIG: EXIT_REASON_EPT_MISCONFIG,
  PREEMPTION_TIMER: EXIT_REASON_PREEMPTION_TIMER,
  WBINVD: EXIT_REASON_WBINVD,
  APIC_WRITE: EXIT_REASON_APIC_WRITE,
  PML_FULL: EXIT_REASON_PML_FULL,
};

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(vmxExitReasons).map(([name, reason]) => [reason, name]),
);

/**
 * The name of a VMX basic exit reason.
 *
 * @param reason Basic exit reason, bits 15:0 of the VMCS field
 * @returns E.g. `EPT_MISCONFIG`, or undefined for one the project does not meet
 */
export function vmxExitName(reason: number): string | undefined {
  return names.get(reason);
}
