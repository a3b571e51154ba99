/**
 * Suberrors of KVM_EXIT_INTERNAL_ERROR.
 *
 * @module
 */

// KERNEL 6.19 include/uapi/linux/kvm.h KVM_INTERNAL_ERROR_*
/** KVM could not emulate the instruction. */
export const KVM_INTERNAL_ERROR_EMULATION = 1;
/** Two exceptions at once that KVM cannot tell apart. */
export const KVM_INTERNAL_ERROR_SIMUL_EX = 2;
/** The exit came while an event was being delivered. */
export const KVM_INTERNAL_ERROR_DELIVERY_EV = 3;
/** The hardware gave an exit reason that KVM does not handle. */
export const KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON = 4;

const names: readonly (string | undefined)[] = [
  undefined,
  "KVM_INTERNAL_ERROR_EMULATION",
  "KVM_INTERNAL_ERROR_SIMUL_EX",
  "KVM_INTERNAL_ERROR_DELIVERY_EV",
  "KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON",
];

/**
 * The name of a suberror.
 *
 * @param suberror `internal.suberror` of `struct kvm_run`
 * @returns E.g. `KVM_INTERNAL_ERROR_EMULATION`, or undefined for a number not known
 */
export function internalErrorName(suberror: number): string | undefined {
  return names[suberror];
}
