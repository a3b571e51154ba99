import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { assemble } from "./assemble.ts";
import type { Assembler } from "./assembler.ts";
import type { Memory, Register } from "./asm_operand.ts";
import { type CpuMode, DECODED } from "./contract.ts";
import { decode } from "./decode.ts";
import { disassemble } from "./disassemble.ts";
import { Instruction } from "./instruction.ts";

async function text(mode: CpuMode, program: (a: Assembler) => void): Promise<string[]> {
  const lines = await disassemble(assemble({ mode, origin: 0x1000 }, program), mode, 0x1000n);
  return lines.map((line) => line.text);
}

/** Each statement, and what iced-x86 reads in its bytes. */
const STATEMENTS: readonly (readonly [CpuMode, (a: Assembler) => void, string])[] = [
  ["prot64", (a) => a.mov(a.rdi, 0xfebfb000n), "mov edi,0FEBFB000h"],
  ["prot64", (a) => a.mov(a.rdi, -2), "mov rdi,0FFFFFFFFFFFFFFFEh"],
  ["prot64", (a) => a.mov(a.r9, 0x1122334455667788n), "mov r9,1122334455667788h"],
  ["prot64", (a) => a.mov(a.ptr(a.rdi), a.eax), "mov [rdi],eax"],
  ["prot64", (a) => a.mov(a.ptr(a.rsp, 8), a.r8), "mov [rsp+8],r8"],
  ["prot64", (a) => a.mov(a.ptr(a.r12), a.r13b), "mov [r12],r13b"],
  ["prot64", (a) => a.mov(a.ptr(a.r13), a.sil), "mov [r13],sil"],
  [
    "prot64",
    (a) => a.mov(a.qword(a.rbp, 0x1234), -2),
    "mov qword ptr [rbp+1234h],0FFFFFFFFFFFFFFFEh",
  ],
  ["prot64", (a) => a.mov(a.word(a.rax), 0x1234), "mov word ptr [rax],1234h"],
  ["prot64", (a) => a.mov(a.ah, a.bl), "mov ah,bl"],
  ["prot64", (a) => a.mov(a.eax, a.ptr(0x510)), "mov eax,[510h]"],
  ["prot64", (a) => a.mov(a.al, a.ptr(0x1122334455667788n)), "mov al,[1122334455667788h]"],
  ["prot64", (a) => a.mov(a.ptr(a.ebx), a.eax), "mov [ebx],eax"],
  [
    "prot64",
    (a) => a.mov(a.ptr(a.rbx, { index: a.r9, scale: 8, disp: -4, segment: a.gs }), a.cx),
    "mov gs:[rbx+r9*8-4],cx",
  ],
  ["prot64", (a) => a.mov(a.ptr(0, { index: a.rax, scale: 4 }), a.cl), "mov [rax*4],cl"],
  ["prot64", (a) => a.mov(a.cr3, a.rax), "mov cr3,rax"],
  ["prot64", (a) => a.mov(a.rdx, a.cr8), "mov rdx,cr8"],
  ["prot64", (a) => a.mov(a.ds, a.ax), "mov ds,ax"],
  ["prot64", (a) => a.mov(a.ptr(a.rdi), a.ss), "mov [rdi],ss"],
  ["real", (a) => a.mov(a.ptr(0x40), a.eax), "mov [40h],eax"],
  ["real", (a) => a.mov(a.ptr(a.bx, { index: a.si, disp: 4 }), a.al), "mov [bx+si+4],al"],
  ["real", (a) => a.mov(a.ptr(a.bp), a.al), "mov [bp],al"],
  ["real", (a) => a.mov(a.byte(a.di, { segment: a.es }), 5), "mov byte ptr es:[di],5"],
  ["real", (a) => a.mov(a.eax, 0x11223344), "mov eax,11223344h"],
  ["real", (a) => a.mov(a.ptr(a.ebx), a.ax), "mov [ebx],ax"],
  ["prot32", (a) => a.mov(a.ptr(0xfee000b0), a.eax), "mov [0FEE000B0h],eax"],
  ["prot32", (a) => a.mov(a.ax, 5), "mov ax,5"],
  ["prot64", (a) => a.add(a.eax, 5), "add eax,5"],
  ["prot64", (a) => a.add(a.dword(a.rdi), 0x1234), "add dword ptr [rdi],1234h"],
  ["prot64", (a) => a.sub(a.rsp, 0x80), "sub rsp,80h"],
  ["prot64", (a) => a.and(a.eax, 0xffffffff), "and eax,0FFFFFFFFh"],
  ["prot64", (a) => a.xor(a.eax, a.eax), "xor eax,eax"],
  ["prot64", (a) => a.cmp(a.rax, a.ptr(a.rsi)), "cmp rax,[rsi]"],
  ["prot64", (a) => a.or(a.byte(a.rax), 0x80), "or byte ptr [rax],80h"],
  ["prot64", (a) => a.lock().adc(a.dword(a.rdi), a.ecx), "lock adc [rdi],ecx"],
  ["prot64", (a) => a.sbb(a.dl, 1), "sbb dl,1"],
  ["prot64", (a) => a.test(a.word(a.rdi), 1), "test word ptr [rdi],1"],
  ["prot64", (a) => a.inc(a.qword(a.rdi)), "inc qword ptr [rdi]"],
  ["prot32", (a) => a.dec(a.ecx), "dec ecx"],
  ["prot64", (a) => a.not(a.byte(a.rdi)), "not byte ptr [rdi]"],
  ["prot64", (a) => a.neg(a.r8), "neg r8"],
  ["prot64", (a) => a.imul(a.eax, a.ptr(a.rsi), 1000), "imul eax,[rsi],3E8h"],
  ["prot64", (a) => a.imul(a.rax, a.rbx), "imul rax,rbx"],
  ["prot64", (a) => a.mul(a.ecx), "mul ecx"],
  ["prot64", (a) => a.div(a.qword(a.rdi)), "div qword ptr [rdi]"],
  ["prot64", (a) => a.movzx(a.eax, a.byte(a.rdi)), "movzx eax,byte ptr [rdi]"],
  ["prot64", (a) => a.movsx(a.rax, a.cx), "movsx rax,cx"],
  ["prot64", (a) => a.movsxd(a.rax, a.ecx), "movsxd rax,ecx"],
  ["prot64", (a) => a.lea(a.rax, a.ptr(a.rdi, { index: a.rcx, scale: 2 })), "lea rax,[rdi+rcx*2]"],
  ["prot64", (a) => a.xchg(a.ptr(a.rdi), a.al), "xchg [rdi],al"],
  ["prot64", (a) => a.lock().xadd(a.ptr(a.rdi), a.ax), "lock xadd [rdi],ax"],
  ["prot64", (a) => a.lock().cmpxchg(a.ptr(a.rdi), a.rbx), "lock cmpxchg [rdi],rbx"],
  ["prot64", (a) => a.cmpxchg8b(a.ptr(a.rdi)), "cmpxchg8b [rdi]"],
  ["prot64", (a) => a.cmpxchg16b(a.ptr(a.rdi)), "cmpxchg16b [rdi]"],
  ["prot64", (a) => a.bswap(a.r10), "bswap r10"],
  ["prot64", (a) => a.movnti(a.ptr(a.rdi), a.rax), "movnti [rdi],rax"],
  ["prot64", (a) => a.shl(a.dword(a.rdi), 1), "shl dword ptr [rdi],1"],
  ["prot64", (a) => a.sar(a.al, a.cl), "sar al,cl"],
  ["prot64", (a) => a.ror(a.rdx, 17), "ror rdx,11h"],
  ["prot64", (a) => a.bts(a.dword(a.rdi), 7), "bts dword ptr [rdi],7"],
  ["prot64", (a) => a.lock().btr(a.ptr(a.rdi), a.rax), "lock btr [rdi],rax"],
  ["prot64", (a) => a.bt(a.eax, 3), "bt eax,3"],
  ["prot64", (a) => a.set("z", a.byte(a.rdi)), "sete [rdi]"],
  ["prot64", (a) => a.cmov("b", a.eax, a.ptr(a.rsi)), "cmovb eax,[rsi]"],
  ["prot64", (a) => a.push(a.r9), "push r9"],
  ["prot64", (a) => a.push(a.ax), "push ax"],
  ["prot64", (a) => a.push(0x55), "push 55h"],
  ["prot64", (a) => a.push(a.fs), "push fs"],
  ["prot32", (a) => a.push(a.es), "push es"],
  ["prot64", (a) => a.pop(a.ptr(a.rdi)), "pop qword ptr [rdi]"],
  ["real", (a) => a.pop(a.ds), "pop ds"],
  ["prot64", (a) => a.call(0x2000), "call 0000000000002000h"],
  ["prot64", (a) => a.call(a.ptr(a.rax)), "call qword ptr [rax]"],
  ["prot64", (a) => a.jmp(a.rax), "jmp rax"],
  ["real", (a) => a.jmp(0x1000), "jmp 1000h"],
  ["prot64", (a) => a.je(0x1000), "je 0000000000001000h"],
  ["real", (a) => a.jmpFar(8, 0x12345, 4), "data32 jmp far 00012345h,8"],
  ["prot64", (a) => a.ret(8), "ret 8"],
  ["prot64", (a) => a.rep().stos(8), "rep stosq [rdi]"],
  ["real", (a) => a.rep().movs(4), "rep movsd [di],[si]"],
  ["prot64", (a) => a.repne().scas(1), "repne scasb [rdi]"],
  ["prot64", (a) => a.rep().outs(2), "rep outsw dx,[rsi]"],
  ["real", (a) => a.ins(1), "insb [di],dx"],
  ["prot64", (a) => a.in(a.al, 0x60), "in al,60h"],
  ["prot64", (a) => a.out(a.dx, a.eax), "out dx,eax"],
  ["real", (a) => a.out(0x80, a.ax), "out 80h,ax"],
  ["prot64", (a) => a.iret(), "iretq"],
  ["prot64", (a) => a.enter(0x20), "enter 20h,0"],
  ["real", (a) => a.lgdt(a.ptr(0x2000)), "lgdt [2000h]"],
  ["prot64", (a) => a.ltr(a.ax), "ltr ax"],
  ["prot64", (a) => a.smsw(a.ptr(a.rdi)), "smsw [rdi]"],
  ["prot64", (a) => a.invlpg(a.ptr(a.rdi)), "invlpg [rdi]"],
  ["prot64", (a) => a.prefetch(a.ptr(a.rdi)), "prefetcht0 [rdi]"],
  ["prot64", (a) => a.fnstcw(a.ptr(a.rdi)), "fnstcw [rdi]"],
  ["prot64", (a) => a.movups(a.ptr(a.rdi), a.xmm9), "movups [rdi],xmm9"],
  ["prot64", (a) => a.movdqa(a.xmm1, a.ptr(a.rsi)), "movdqa xmm1,[rsi]"],
  ["prot64", (a) => a.movq(a.ptr(a.rdi), a.mm3), "movq [rdi],mm3"],
  ["prot64", (a) => a.movq(a.ptr(a.rdi), a.xmm3), "movq [rdi],xmm3"],
  ["prot64", (a) => a.rcr(a.word(a.rdi), 3), "rcr word ptr [rdi],3"],
  ["prot64", (a) => a.bsr(a.rax, a.ptr(a.rdi)), "bsr rax,[rdi]"],
  ["prot64", (a) => a.loopne(0x1000), "loopne 0000000000001000h"],
  ["real", (a) => a.cbw(4), "cwde"],
  ["prot64", (a) => a.cwd(8), "cqo"],
  ["prot64", (a) => a.sidt(a.ptr(a.rdi)), "sidt [rdi]"],
  ["prot64", (a) => a.movlps(a.ptr(a.rdi), a.xmm1), "movlps [rdi],xmm1"],
  ["prot64", (a) => a.movss(a.ptr(a.rdi), a.xmm1), "movss [rdi],xmm1"],
  ["prot64", (a) => a.movd(a.ptr(a.rdi), a.mm1), "movd [rdi],mm1"],
  ["prot64", (a) => a.movd(a.xmm8, a.eax), "movd xmm8,eax"],
  ["prot64", (a) => a.stmxcsr(a.ptr(a.rdi)), "stmxcsr [rdi]"],
  ["prot64", (a) => a.movntdq(a.ptr(a.rdi), a.xmm0), "movntdq [rdi],xmm0"],
];

Deno.test("assemble() writes what iced-x86 reads back", async () => {
  const read: string[] = [];
  for (const [mode, statement] of STATEMENTS) read.push((await text(mode, statement)).join("; "));
  assertEquals(read, STATEMENTS.map(([, , expected]) => expected));
});

Deno.test("assemble() resolves labels forward, backward, in data and relative to RIP", async () => {
  const lines = await text("prot64", (a) => {
    const end = a.newLabel("end");
    const table = a.newLabel("table");
    const top = a.label("top");
    a.jne(end);
    a.loop(top);
    a.mov(a.eax, a.ptr(table));
    a.mov(a.dword(table, 4), 7);
    a.mov(a.rbx, table);
    a.bind(end);
    a.hlt();
    a.bind(table);
    a.nop();
  });
  assertEquals(lines, [
    "jne 0000000000001022h",
    "loop 0000000000001000h",
    "mov eax,[1023h]",
    "mov dword ptr [1027h],7",
    "mov rbx,1023h",
    "hlt",
    "nop",
  ]);
  const bytes = assemble({ mode: "real", origin: 0x7c00 }, (a) => {
    const data = a.newLabel();
    a.mov(a.si, data);
    a.align(4);
    a.bind(data);
    a.dw(data);
    a.db(1, "Hi");
    a.dd(-1);
    a.dq(1n << 63n);
  });
  assertEquals(bytes.toHex(), "be047c90" + "047c" + "014869" + "ffffffff" + "0000000000000080");
});

/** What cannot be encoded, and a part of the message. */
const REFUSED: readonly (readonly [CpuMode, (a: Assembler) => void, string])[] = [
  ["prot64", (a) => a.mov(a.ptr(a.rdi), 5), "mov: [rdi] has no size"],
  ["prot64", (a) => a.mov(a.ptr(a.rdi), a.ptr(a.rsi)), "operand 1, [rdi], must be a register"],
  ["prot64", (a) => a.mov(a.eax, a.rbx), "operand 2, rbx, must be of 4 bytes"],
  ["prot64", (a) => a.mov(a.byte(a.rdi), 0x1ff), "0x1ff does not fit 8 bits"],
  ["prot64", (a) => a.add(a.rax, 0x1_0000_0000n), "0x100000000 does not fit 32 bits"],
  ["prot64", (a) => a.add(a.rax, 0x8000_0000n), "0x80000000 does not fit 32 bits"],
  ["prot64", (a) => a.mov(a.ah, a.sil), "ah cannot be used with a REX prefix"],
  ["prot64", (a) => a.mov(a.ptr(a.bx), a.al), "[bx] cannot be addressed in 64-bit code"],
  ["prot32", (a) => a.mov(a.ptr(a.rdi), a.al), "[rdi] cannot be addressed in 32-bit code"],
  ["prot32", (a) => a.mov(a.r8d, a.eax), "need 64-bit code"],
  ["prot32", (a) => a.inc(a.rax), "64-bit operands need 64-bit code, this is 32-bit"],
  ["prot64", (a) => a.lea(a.rax, a.ptr(a.rdi, { index: a.rsp })), "rsp cannot be an index"],
  ["real", (a) => a.mov(a.ptr(a.ax), a.al), "[ax] is no 16-bit address"],
  ["prot64", (a) => a.out(0x510, a.al), "0x510 does not fit 8 bits"],
  ["prot64", (a) => a.out(a.dx, a.rax), "operand rax must be al, ax or eax"],
  ["prot64", (a) => a.shl(a.eax, a.dl), "operand 2, dl, must be cl or a number"],
  ["prot64", (a) => a.jmp(a.newLabel("nowhere")), "label nowhere is never bound"],
  ["prot64", (a) => a.bind(a.label("twice")), "Label twice is bound twice"],
  ["prot64", (a) => a.jcxz(0x2000), "jcxz: 0x2000 does not fit 8 bits"],
  ["prot64", (a) => a.pusha(), "pusha: there is none in 64-bit code"],
];

Deno.test("assemble() names the operand it cannot encode", () => {
  for (const [mode, statement, message] of REFUSED) {
    assertThrows(() => assemble({ mode, origin: 0x1000 }, statement), Error, message);
  }
});

Deno.test("assemble() and decode() agree on addresses", () => {
  const insn = new Instruction();
  const number = fc.integer({ min: 0, max: 15 });
  const disp = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer());
  fc.assert(fc.property(number, fc.option(number), fc.nat(3), disp, number, (b, x, s, disp, r) => {
    if (x === 4) return;
    const bytes = assemble({ mode: "prot64" }, (a) => {
      const registers = [a.rax, a.rcx, a.rdx, a.rbx, a.rsp, a.rbp, a.rsi, a.rdi];
      registers.push(a.r8, a.r9, a.r10, a.r11, a.r12, a.r13, a.r14, a.r15);
      const scale = ([1, 2, 4, 8] as const)[s]!;
      const at: Memory = x === null
        ? a.ptr(registers[b]!, disp)
        : a.ptr(registers[b]!, { index: registers[x]!, scale, disp });
      a.mov(at, registers[r] as Register);
    });
    assertEquals(decode(bytes, bytes.length, "prot64", insn), DECODED);
    assertEquals(insn.length, bytes.length);
    assertEquals([insn.base, insn.reg, insn.dispLo, insn.size], [b, r, disp, 8]);
    assertEquals([insn.index, insn.scale], x === null ? [-1, 0] : [x, s]);
  }));
});
