/**
 * Bits of RFLAGS, the control registers and EFER, and the exception vectors.
 *
 * @module
 */
/** Carry flag. */
export const RFLAGS_CF = 0x1;
/** Parity flag. */
export const RFLAGS_PF = 0x4;
/** Auxiliary carry flag. */
export const RFLAGS_AF = 0x10;
/** Zero flag. */
export const RFLAGS_ZF = 0x40;
/** Sign flag. */
export const RFLAGS_SF = 0x80;
/** Trap flag. */
export const RFLAGS_TF = 0x100;
/** Interrupt enable flag. */
export const RFLAGS_IF = 0x200;
/** Direction flag. */
export const RFLAGS_DF = 0x400;
/** Overflow flag. */
export const RFLAGS_OF = 0x800;
/** I/O privilege level, 2 bits. */
export const RFLAGS_IOPL = 0x3000;
/** Nested task flag. */
export const RFLAGS_NT = 0x4000;
/** Resume flag. */
export const RFLAGS_RF = 0x10000;
/** Virtual-8086 mode. */
export const RFLAGS_VM = 0x20000;
/** Alignment check. */
export const RFLAGS_AC = 0x40000;
/** CPUID may be executed. */
export const RFLAGS_ID = 0x200000;
/** The six flags of arithmetic: CF PF AF ZF SF OF. */
export const RFLAGS_ARITHMETIC = 0x8d5;

/** Protection enable. */
export const CR0_PE = 0x1;
/** Emulate x87. */
export const CR0_EM = 0x4;
/** Task switched. */
export const CR0_TS = 0x8;
/** Write protect. */
export const CR0_WP = 0x10000;
/** Alignment mask. */
export const CR0_AM = 0x40000;
/** Not write-through. */
export const CR0_NW = 0x20000000;
/** Cache disable. */
export const CR0_CD = 0x40000000;
/** Paging. */
export const CR0_PG = 0x80000000;

/** Time stamp disable. */
export const CR4_TSD = 0x4;
/** 4 MiB pages. */
export const CR4_PSE = 0x10;
/** Physical address extension. */
export const CR4_PAE = 0x20;
/** SSE enabled. */
export const CR4_OSFXSR = 0x200;
/** User-mode instruction prevention. */
export const CR4_UMIP = 0x800;
/** 5-level paging. */
export const CR4_LA57 = 0x1000;
/** Supervisor mode fetches from no user page. */
export const CR4_SMEP = 0x100000;
/** Supervisor mode accesses no user page, unless RFLAGS.AC says so. */
export const CR4_SMAP = 0x200000;

/** SYSCALL enable. */
export const EFER_SCE = 0x1;
/** Long mode enable. */
export const EFER_LME = 0x100;
/** Long mode active. */
export const EFER_LMA = 0x400;
/** No-execute enable. */
export const EFER_NXE = 0x800;

/** Divide error. */
export const VECTOR_DE = 0;
/** Debug. */
export const VECTOR_DB = 1;
/** Breakpoint. */
export const VECTOR_BP = 3;
/** Overflow. */
export const VECTOR_OF = 4;
/** Bound range exceeded. */
export const VECTOR_BR = 5;
/** Invalid opcode. */
export const VECTOR_UD = 6;
/** Device not available. */
export const VECTOR_NM = 7;
/** Double fault. */
export const VECTOR_DF = 8;
/** Invalid task state segment. */
export const VECTOR_TS = 10;
/** Segment not present. */
export const VECTOR_NP = 11;
/** Stack fault. */
export const VECTOR_SS = 12;
/** General protection. */
export const VECTOR_GP = 13;
/** Page fault. */
export const VECTOR_PF = 14;
/** Alignment check. */
export const VECTOR_AC = 17;
