/**
 * VMX basic exit reasons: why the CPU left the guest.
 *
 * @module
 */

// KERNEL 6.19 arch/x86/include/uapi/asm/vmx.h EXIT_REASON_*
const numbers = {
  EXCEPTION_NMI: 0,
  EXTERNAL_INTERRUPT: 1,
  TRIPLE_FAULT: 2,
  INTERRUPT_WINDOW: 7,
  NMI_WINDOW: 8,
  CPUID: 10,
  HLT: 12,
  RDTSC: 16,
  VMCALL: 18,
  CR_ACCESS: 28,
  DR_ACCESS: 29,
  IO_INSTRUCTION: 30,
  MSR_READ: 31,
  MSR_WRITE: 32,
  INVALID_STATE: 33,
  APIC_ACCESS: 44,
  EOI_INDUCED: 45,
  EPT_VIOLATION: 48,
  EPT_MISCONFIG: 49,
  PREEMPTION_TIMER: 52,
  WBINVD: 54,
  APIC_WRITE: 56,
  PML_FULL: 62,
} as const;

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

/** Name of a VMX basic exit reason as tracepoints print it, e.g. `EPT_MISCONFIG`. */
export type VmxExitName = keyof typeof numbers;

/** VMX basic exit reasons by the name that tracepoints print. */
export const vmxExitReasons: Readonly<Record<VmxExitName, number>> = numbers;

/**
 * The name of a VMX basic exit reason.
 *
 * @param reason Basic exit reason, bits 15:0 of the VMCS field
 * @returns E.g. `EPT_MISCONFIG`, or undefined for one the project does not meet
 */
export function vmxExitName(reason: number): VmxExitName | undefined {
  return (Object.keys(numbers) as VmxExitName[]).find((name) => numbers[name] === reason);
}
