/**
 * A boot sector's worth of code: from real mode into 64-bit code.
 *
 * @module
 */
import { type Assembler, guestLayout } from "@ioeventfd/scenario";

const CR0_PE = 1, CR0_PG = 0x8000_0000, CR4_PAE = 0x20, EFER = 0xc000_0080, EFER_LME = 0x100;
const code32 = 0x08, data = 0x10, code64 = 0x18;
const present = 0x3, largePage = 0x83;

/**
 * Maps the first 4 GiB one to one with 2 MiB pages, enters long mode and halts there.
 *
 * @param a Assembler in 16-bit code
 */
export function bootToLongMode(a: Assembler): void {
  const top = guestLayout.pageTables, pointers = top + 0x1000, directories = top + 0x2000;
  const gdt = a.newLabel("gdt"), gdtr = a.newLabel("gdtr");
  const protectedMode = a.newLabel("protected mode"), longMode = a.newLabel("long mode");

  a.cli();
  a.lgdt(a.ptr(gdtr));
  a.mov(a.eax, a.cr0);
  a.or(a.eax, CR0_PE);
  a.mov(a.cr0, a.eax);
  a.jmpFar(code32, protectedMode, 4);

  a.bits = 32;
  a.bind(protectedMode);
  a.mov(a.ax, data);
  for (const segment of [a.ds, a.es, a.ss]) a.mov(segment, a.ax);
  a.cld();
  a.mov(a.dword(top), pointers | present);
  for (let i = 0; i < 4; i++) {
    a.mov(a.dword(pointers + 8 * i), (directories + 0x1000 * i) | present);
  }
  a.mov(a.edi, directories);
  a.mov(a.eax, largePage);
  const page = a.label("page");
  a.stos(4);
  a.mov(a.dword(a.edi), 0);
  a.add(a.edi, 4);
  a.add(a.eax, 0x20_0000);
  a.j("nc", page);

  a.mov(a.eax, top);
  a.mov(a.cr3, a.eax);
  a.mov(a.eax, CR4_PAE);
  a.mov(a.cr4, a.eax);
  a.mov(a.ecx, EFER);
  a.rdmsr();
  a.or(a.eax, EFER_LME);
  a.wrmsr();
  a.mov(a.eax, a.cr0);
  a.or(a.eax, CR0_PG);
  a.mov(a.cr0, a.eax);
  a.jmpFar(code64, longMode);

  a.bits = 64;
  a.bind(longMode);
  a.hlt();

  a.align(8);
  a.bind(gdt);
  a.dq(0n, 0x00cf_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn, 0x00af_9b00_0000_ffffn);
  a.bind(gdtr);
  a.dw(4 * 8 - 1);
  a.dd(gdt);
}
