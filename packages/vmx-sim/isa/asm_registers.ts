/**
 * The registers by name, as operands of the assembler.
 *
 * @module
 */
import type { Register, RegisterKind } from "./asm_operand.ts";

function register(
  kind: RegisterKind,
  name: string,
  number: number,
  size: number,
  high: boolean = false,
): Register {
  return { kind, name, number, size, high };
}

/** The registers by name, for `Assembler` to inherit: `a.rdi`, `a.eax`, `a.xmm0`, `a.cr0`. */
export class AsmRegisters {
  /** AL, 8 bits. */
  readonly al: Register = register("general", "al", 0, 1);
  /** CL, 8 bits. */
  readonly cl: Register = register("general", "cl", 1, 1);
  /** DL, 8 bits. */
  readonly dl: Register = register("general", "dl", 2, 1);
  /** BL, 8 bits. */
  readonly bl: Register = register("general", "bl", 3, 1);
  /** AH, 8 bits; not with a REX prefix. */
  readonly ah: Register = register("general", "ah", 4, 1, true);
  /** CH, 8 bits; not with a REX prefix. */
  readonly ch: Register = register("general", "ch", 5, 1, true);
  /** DH, 8 bits; not with a REX prefix. */
  readonly dh: Register = register("general", "dh", 6, 1, true);
  /** BH, 8 bits; not with a REX prefix. */
  readonly bh: Register = register("general", "bh", 7, 1, true);
  /** SPL, 8 bits, 64-bit code only. */
  readonly spl: Register = register("general", "spl", 4, 1);
  /** BPL, 8 bits, 64-bit code only. */
  readonly bpl: Register = register("general", "bpl", 5, 1);
  /** SIL, 8 bits, 64-bit code only. */
  readonly sil: Register = register("general", "sil", 6, 1);
  /** DIL, 8 bits, 64-bit code only. */
  readonly dil: Register = register("general", "dil", 7, 1);
  /** AX, 16 bits. */
  readonly ax: Register = register("general", "ax", 0, 2);
  /** CX, 16 bits. */
  readonly cx: Register = register("general", "cx", 1, 2);
  /** DX, 16 bits. */
  readonly dx: Register = register("general", "dx", 2, 2);
  /** BX, 16 bits. */
  readonly bx: Register = register("general", "bx", 3, 2);
  /** SP, 16 bits. */
  readonly sp: Register = register("general", "sp", 4, 2);
  /** BP, 16 bits. */
  readonly bp: Register = register("general", "bp", 5, 2);
  /** SI, 16 bits. */
  readonly si: Register = register("general", "si", 6, 2);
  /** DI, 16 bits. */
  readonly di: Register = register("general", "di", 7, 2);
  /** EAX, 32 bits. */
  readonly eax: Register = register("general", "eax", 0, 4);
  /** ECX, 32 bits. */
  readonly ecx: Register = register("general", "ecx", 1, 4);
  /** EDX, 32 bits. */
  readonly edx: Register = register("general", "edx", 2, 4);
  /** EBX, 32 bits. */
  readonly ebx: Register = register("general", "ebx", 3, 4);
  /** ESP, 32 bits. */
  readonly esp: Register = register("general", "esp", 4, 4);
  /** EBP, 32 bits. */
  readonly ebp: Register = register("general", "ebp", 5, 4);
  /** ESI, 32 bits. */
  readonly esi: Register = register("general", "esi", 6, 4);
  /** EDI, 32 bits. */
  readonly edi: Register = register("general", "edi", 7, 4);
  /** RAX, 64 bits. */
  readonly rax: Register = register("general", "rax", 0, 8);
  /** RCX, 64 bits. */
  readonly rcx: Register = register("general", "rcx", 1, 8);
  /** RDX, 64 bits. */
  readonly rdx: Register = register("general", "rdx", 2, 8);
  /** RBX, 64 bits. */
  readonly rbx: Register = register("general", "rbx", 3, 8);
  /** RSP, 64 bits. */
  readonly rsp: Register = register("general", "rsp", 4, 8);
  /** RBP, 64 bits. */
  readonly rbp: Register = register("general", "rbp", 5, 8);
  /** RSI, 64 bits. */
  readonly rsi: Register = register("general", "rsi", 6, 8);
  /** RDI, 64 bits. */
  readonly rdi: Register = register("general", "rdi", 7, 8);
  /** R8B, 8 bits. */
  readonly r8b: Register = register("general", "r8b", 8, 1);
  /** R8W, 16 bits. */
  readonly r8w: Register = register("general", "r8w", 8, 2);
  /** R8D, 32 bits. */
  readonly r8d: Register = register("general", "r8d", 8, 4);
  /** R8, 64 bits. */
  readonly r8: Register = register("general", "r8", 8, 8);
  /** R9B, 8 bits. */
  readonly r9b: Register = register("general", "r9b", 9, 1);
  /** R9W, 16 bits. */
  readonly r9w: Register = register("general", "r9w", 9, 2);
  /** R9D, 32 bits. */
  readonly r9d: Register = register("general", "r9d", 9, 4);
  /** R9, 64 bits. */
  readonly r9: Register = register("general", "r9", 9, 8);
  /** R10B, 8 bits. */
  readonly r10b: Register = register("general", "r10b", 10, 1);
  /** R10W, 16 bits. */
  readonly r10w: Register = register("general", "r10w", 10, 2);
  /** R10D, 32 bits. */
  readonly r10d: Register = register("general", "r10d", 10, 4);
  /** R10, 64 bits. */
  readonly r10: Register = register("general", "r10", 10, 8);
  /** R11B, 8 bits. */
  readonly r11b: Register = register("general", "r11b", 11, 1);
  /** R11W, 16 bits. */
  readonly r11w: Register = register("general", "r11w", 11, 2);
  /** R11D, 32 bits. */
  readonly r11d: Register = register("general", "r11d", 11, 4);
  /** R11, 64 bits. */
  readonly r11: Register = register("general", "r11", 11, 8);
  /** R12B, 8 bits. */
  readonly r12b: Register = register("general", "r12b", 12, 1);
  /** R12W, 16 bits. */
  readonly r12w: Register = register("general", "r12w", 12, 2);
  /** R12D, 32 bits. */
  readonly r12d: Register = register("general", "r12d", 12, 4);
  /** R12, 64 bits. */
  readonly r12: Register = register("general", "r12", 12, 8);
  /** R13B, 8 bits. */
  readonly r13b: Register = register("general", "r13b", 13, 1);
  /** R13W, 16 bits. */
  readonly r13w: Register = register("general", "r13w", 13, 2);
  /** R13D, 32 bits. */
  readonly r13d: Register = register("general", "r13d", 13, 4);
  /** R13, 64 bits. */
  readonly r13: Register = register("general", "r13", 13, 8);
  /** R14B, 8 bits. */
  readonly r14b: Register = register("general", "r14b", 14, 1);
  /** R14W, 16 bits. */
  readonly r14w: Register = register("general", "r14w", 14, 2);
  /** R14D, 32 bits. */
  readonly r14d: Register = register("general", "r14d", 14, 4);
  /** R14, 64 bits. */
  readonly r14: Register = register("general", "r14", 14, 8);
  /** R15B, 8 bits. */
  readonly r15b: Register = register("general", "r15b", 15, 1);
  /** R15W, 16 bits. */
  readonly r15w: Register = register("general", "r15w", 15, 2);
  /** R15D, 32 bits. */
  readonly r15d: Register = register("general", "r15d", 15, 4);
  /** R15, 64 bits. */
  readonly r15: Register = register("general", "r15", 15, 8);
  /** Segment register ES. */
  readonly es: Register = register("segment", "es", 0, 2);
  /** Segment register CS. */
  readonly cs: Register = register("segment", "cs", 1, 2);
  /** Segment register SS. */
  readonly ss: Register = register("segment", "ss", 2, 2);
  /** Segment register DS. */
  readonly ds: Register = register("segment", "ds", 3, 2);
  /** Segment register FS. */
  readonly fs: Register = register("segment", "fs", 4, 2);
  /** Segment register GS. */
  readonly gs: Register = register("segment", "gs", 5, 2);
  /** Control register CR0. */
  readonly cr0: Register = register("control", "cr0", 0, 8);
  /** Control register CR2. */
  readonly cr2: Register = register("control", "cr2", 2, 8);
  /** Control register CR3. */
  readonly cr3: Register = register("control", "cr3", 3, 8);
  /** Control register CR4. */
  readonly cr4: Register = register("control", "cr4", 4, 8);
  /** Control register CR8. */
  readonly cr8: Register = register("control", "cr8", 8, 8);
  /** MMX register MM0. */
  readonly mm0: Register = register("mmx", "mm0", 0, 8);
  /** MMX register MM1. */
  readonly mm1: Register = register("mmx", "mm1", 1, 8);
  /** MMX register MM2. */
  readonly mm2: Register = register("mmx", "mm2", 2, 8);
  /** MMX register MM3. */
  readonly mm3: Register = register("mmx", "mm3", 3, 8);
  /** MMX register MM4. */
  readonly mm4: Register = register("mmx", "mm4", 4, 8);
  /** MMX register MM5. */
  readonly mm5: Register = register("mmx", "mm5", 5, 8);
  /** MMX register MM6. */
  readonly mm6: Register = register("mmx", "mm6", 6, 8);
  /** MMX register MM7. */
  readonly mm7: Register = register("mmx", "mm7", 7, 8);
  /** SSE register XMM0. */
  readonly xmm0: Register = register("xmm", "xmm0", 0, 16);
  /** SSE register XMM1. */
  readonly xmm1: Register = register("xmm", "xmm1", 1, 16);
  /** SSE register XMM2. */
  readonly xmm2: Register = register("xmm", "xmm2", 2, 16);
  /** SSE register XMM3. */
  readonly xmm3: Register = register("xmm", "xmm3", 3, 16);
  /** SSE register XMM4. */
  readonly xmm4: Register = register("xmm", "xmm4", 4, 16);
  /** SSE register XMM5. */
  readonly xmm5: Register = register("xmm", "xmm5", 5, 16);
  /** SSE register XMM6. */
  readonly xmm6: Register = register("xmm", "xmm6", 6, 16);
  /** SSE register XMM7. */
  readonly xmm7: Register = register("xmm", "xmm7", 7, 16);
  /** SSE register XMM8. */
  readonly xmm8: Register = register("xmm", "xmm8", 8, 16);
  /** SSE register XMM9. */
  readonly xmm9: Register = register("xmm", "xmm9", 9, 16);
  /** SSE register XMM10. */
  readonly xmm10: Register = register("xmm", "xmm10", 10, 16);
  /** SSE register XMM11. */
  readonly xmm11: Register = register("xmm", "xmm11", 11, 16);
  /** SSE register XMM12. */
  readonly xmm12: Register = register("xmm", "xmm12", 12, 16);
  /** SSE register XMM13. */
  readonly xmm13: Register = register("xmm", "xmm13", 13, 16);
  /** SSE register XMM14. */
  readonly xmm14: Register = register("xmm", "xmm14", 14, 16);
  /** SSE register XMM15. */
  readonly xmm15: Register = register("xmm", "xmm15", 15, 16);
}
