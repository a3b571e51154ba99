/**
 * Encodings of the VMCS fields that a doorbell's exit reads and writes.
 *
 * @module
 */

// KERNEL 6.19 arch/x86/include/asm/vmx.h
/** I/O bitmap of ports 0 to 0x7fff: guest physical address (64 bits). */
export const IO_BITMAP_A = 0x2000;
/** I/O bitmap of ports 0x8000 to 0xffff (64 bits). */
export const IO_BITMAP_B = 0x2002;
/** EPT pointer (64 bits). */
export const EPT_POINTER = 0x201a;
/** Guest physical address of an EPT violation or misconfig (64 bits, read only). */
export const GUEST_PHYSICAL_ADDRESS = 0x2400;
/** Primary processor-based execution controls (32 bits). */
export const CPU_BASED_VM_EXEC_CONTROL = 0x4002;
/** Secondary processor-based execution controls (32 bits). */
export const SECONDARY_VM_EXEC_CONTROL = 0x401e;
/** Exit reason (32 bits, read only). */
export const VM_EXIT_REASON = 0x4402;
/** Interruption that the exit is about (32 bits, read only). */
export const VM_EXIT_INTR_INFO = 0x4404;
/** Event whose delivery the exit cut short (32 bits, read only). */
export const IDT_VECTORING_INFO_FIELD = 0x4408;
/** Bytes of the instruction that exited (32 bits, read only); not defined for an EPT misconfig. */
export const VM_EXIT_INSTRUCTION_LEN = 0x440c;
/** Operands of the instruction that exited (32 bits, read only). */
export const VMX_INSTRUCTION_INFO = 0x440e;
/** STI and MOV SS shadow, among others (32 bits). */
export const GUEST_INTERRUPTIBILITY_INFO = 0x4824;
/** Details of the exit (natural width, read only); nothing for an EPT misconfig. */
export const EXIT_QUALIFICATION = 0x6400;
/** Linear address of the access (natural width, read only). */
export const GUEST_LINEAR_ADDRESS = 0x640a;
/** RIP (natural width). */
export const GUEST_RIP = 0x681e;
/** RFLAGS (natural width). */
export const GUEST_RFLAGS = 0x6820;

// KERNEL 6.19 arch/x86/include/asm/vmx.h EPT_VIOLATION_*
/** EPT violation qualification: the access reads, writes, fetches. */
export const EPT_VIOLATION_ACC_READ = 0x1,
  EPT_VIOLATION_ACC_WRITE = 0x2,
  EPT_VIOLATION_ACC_INSTR = 0x4;
/** EPT violation qualification: the entry allows reads, writes, fetches. */
export const EPT_VIOLATION_PROT_READ = 0x8,
  EPT_VIOLATION_PROT_WRITE = 0x10,
  EPT_VIOLATION_PROT_EXEC = 0x20;
/** EPT violation qualification: the guest linear address field holds. */
export const EPT_VIOLATION_GVA_IS_VALID = 0x80;
/** EPT violation qualification: the access is to the translation's result, not to a guest page table. */
export const EPT_VIOLATION_GVA_TRANSLATED = 0x100;

// KERNEL 6.19 arch/x86/include/asm/kvm_host.h PFERR_*
/** Page fault error code bits: present, write, user, reserved bit, fetch. */
export const PFERR_PRESENT_MASK = 0x1,
  PFERR_WRITE_MASK = 0x2,
  PFERR_USER_MASK = 0x4,
  PFERR_RSVD_MASK = 0x8,
  PFERR_FETCH_MASK = 0x10;

// KERNEL 6.19 arch/x86/include/asm/kvm_host.h EMULTYPE_*
/** What the emulator is asked to do, and may not do. */
export const EMULTYPE_NO_DECODE = 0x1,
  EMULTYPE_TRAP_UD = 0x2,
  EMULTYPE_SKIP = 0x4,
  EMULTYPE_ALLOW_RETRY_PF = 0x8,
  EMULTYPE_TRAP_UD_FORCED = 0x10,
  EMULTYPE_VMWARE_GP = 0x20,
  EMULTYPE_PF = 0x40,
  EMULTYPE_COMPLETE_USER_EXIT = 0x80,
  EMULTYPE_WRITE_PF_TO_SP = 0x100;
