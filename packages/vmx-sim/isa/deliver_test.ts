import { assertEquals } from "@std/assert";
import { assemble } from "./assemble.ts";
import type { Assembler } from "./assembler.ts";
import { type CpuMode, type CpuState, CS, DONE, DS, FAULTED, HALTED, RSP, SS } from "./contract.ts";
import { cpl } from "./cpu_state.ts";
import { deliverEvent, deliverFault, SHUTDOWN } from "./deliver.ts";
import { Instruction } from "./instruction.ts";
import {
  cpuIn,
  FlatPort,
  register,
  runProgram,
  setRegister,
  stepOnce,
} from "./testdata/flat_port.ts";

/** A guest with a GDT at 0x7000, an IDT at 0x8000 (gate i to 0x5000 + 16 i), a TSS at 0x6000, code at 0x1000. */
function guest(mode: CpuMode, level: 0 | 3, program: (a: Assembler) => void) {
  const cpu = cpuIn(mode, level);
  const port = new FlatPort(cpu);
  const view = new DataView(port.memory.buffer);
  const long = mode === "prot64";
  port.memory.set(assemble({ mode, origin: 0x1000 }, program), 0x1000);
  cpu.rip[0] = 0x1000;
  setRegister(cpu, RSP, 0x4000n);
  const code = long ? 0xaf9a000000ffffn : 0xcf9a000000ffffn;
  const user = 0x600000000000n;
  const data = 0xcf92000000ffffn;
  [0n, code, data, code | user, data | user].forEach((value, i) => {
    view.setBigUint64(0x7000 + 8 * i, value, true);
  });
  if (level === 3) {
    cpu.seg.forEach((segment, i) => segment.selector = i === CS ? 0x1b : 0x23);
  }
  Object.assign(cpu.gdt, { baseLo: 0x7000, limit: 39 });
  Object.assign(cpu.tr, { selector: 0x28, baseLo: 0x6000, limit: 0x67, rights: 0x8b });
  view.setUint32(0x6004, 0xa008, true);
  view.setUint32(0x6008, long ? 0 : 0x10, true);
  Object.assign(
    cpu.idt,
    mode === "real" ? { baseLo: 0, limit: 0x3ff } : {
      baseLo: 0x8000,
      limit: long ? 0xfff : 0x7ff,
    },
  );
  for (let i = 0; i < 256; i++) {
    if (mode === "real") view.setUint32(4 * i, 0x5000 + 16 * i, true);
    else {
      const gate = 0x8000 + (long ? 16 : 8) * i;
      view.setUint32(gate, 0x80000 | (0x5000 + 16 * i), true);
      view.setUint32(gate + 4, i === 0x30 ? 0xee00 : 0x8e00, true);
    }
  }
  return { cpu, port, view };
}

function rip(cpu: CpuState): number {
  return cpu.rip[0]! >>> 0;
}

Deno.test("deliverFault() pushes the frame of each mode", () => {
  const real = guest("real", 0, (a) => a.ud2());
  assertEquals(stepOnce(real.cpu, real.port, new Instruction()), FAULTED);
  assertEquals(deliverFault(real.cpu, real.port), DONE);
  assertEquals([rip(real.cpu), register(real.cpu, RSP)], [0x5060, 0x3ffan]);
  assertEquals(real.view.getUint16(0x3ffa, true), 0x1000);

  const flat = guest("prot32", 0, (a) => a.div(a.ecx));
  assertEquals(stepOnce(flat.cpu, flat.port, new Instruction()), FAULTED);
  assertEquals(deliverFault(flat.cpu, flat.port), DONE);
  assertEquals([rip(flat.cpu), register(flat.cpu, RSP)], [0x5000, 0x3ff4n]);

  const long = guest("prot64", 0, (a) => a.mov(a.ptr(0x7fff0000), a.al));
  setRegister(long.cpu, RSP, 0x3ffcn);
  assertEquals(stepOnce(long.cpu, long.port, new Instruction()), FAULTED);
  assertEquals(deliverFault(long.cpu, long.port), DONE);
  // SS RSP RFLAGS CS RIP and an error code below an aligned stack.
  assertEquals([rip(long.cpu), register(long.cpu, RSP)], [0x50e0, 0x3ff0n - 48n]);
  const frame = [0, 8, 16, 24, 32, 40].map((at) => long.view.getUint32(0x3fc0 + at, true));
  assertEquals(frame, [2, 0x1000, 8, 0x10002, 0x3ffc, 0x10]);
  assertEquals(long.cpu.cr2Lo, 0x7fff0000);
});

Deno.test("execute() of INT and IRET goes to the handler and back, from user mode too", () => {
  for (const mode of ["prot32", "prot64"] as const) {
    const { cpu, port, view } = guest(mode, 3, (a) => {
      a.int(0x30);
      a.nop();
      a.hlt();
    });
    port.memory.set(assemble({ mode, origin: 0x5300 }, (a) => a.iret()), 0x5300);
    const insn = new Instruction();
    assertEquals(stepOnce(cpu, port, insn), FAULTED);
    assertEquals(port.fault.software, true);
    assertEquals(deliverFault(cpu, port), DONE);
    assertEquals([rip(cpu), cpl(cpu), cpu.seg[CS]!.selector], [0x5300, 0, 8]);
    assertEquals(register(cpu, RSP) < 0xa008n && register(cpu, RSP) > 0x9f00n, true);
    assertEquals(view.getUint32(Number(register(cpu, RSP)), true), 0x1002);
    Object.assign(cpu.seg[DS]!, { selector: 0x10, rights: 0xc093 });
    assertEquals(stepOnce(cpu, port, insn), DONE);
    assertEquals([rip(cpu), cpl(cpu), register(cpu, RSP)], [0x1002, 3, 0x4000n]);
    assertEquals([cpu.seg[CS]!.selector, cpu.seg[SS]!.selector], [0x1b, 0x23]);
    // What the handler loaded is not for user mode to keep.
    assertEquals([cpu.seg[DS]!.selector, cpu.seg[DS]!.rights], [0, 0x10000]);
    stepOnce(cpu, port, insn);
    assertEquals([stepOnce(cpu, port, insn), port.fault.vector], [FAULTED, 13]);
  }
});

Deno.test("deliverFault() refuses INT through a gate of a higher privilege", () => {
  const { cpu, port } = guest("prot64", 3, (a) => a.int(0x31));
  assertEquals(stepOnce(cpu, port, new Instruction()), FAULTED);
  assertEquals(deliverFault(cpu, port), DONE);
  assertEquals(rip(cpu), 0x50d0);
  assertEquals(port.fault.errorCode, 0x31 * 8 + 2);
});

Deno.test("deliverFault() turns faults within faults into #DF and shutdown", () => {
  const twice = guest("prot64", 0, (a) => a.div(a.ecx));
  // The gate of #DE is not present, so #NP follows, contributory as well.
  twice.view.setUint32(0x8004, 0x0e00, true);
  stepOnce(twice.cpu, twice.port, new Instruction());
  assertEquals(deliverFault(twice.cpu, twice.port), DONE);
  assertEquals(rip(twice.cpu), 0x5080);
  const thrice = guest("prot32", 0, (a) => a.ud2());
  thrice.cpu.idt.limit = 0;
  stepOnce(thrice.cpu, thrice.port, new Instruction());
  assertEquals(deliverFault(thrice.cpu, thrice.port), SHUTDOWN);
});

Deno.test("deliverEvent() takes an external interrupt and IRET returns from it", () => {
  const { cpu, port } = guest("real", 0, (a) => {
    a.sti();
    a.hlt();
  });
  port.memory.set(assemble({ mode: "real" }, (a) => a.iret()), 0x5200);
  assertEquals(runProgram(cpu, port), HALTED);
  const at = rip(cpu);
  assertEquals(deliverEvent(cpu, port, 0x20, -1, "external"), DONE);
  assertEquals([rip(cpu), cpu.rflags & 0x200], [0x5200, 0]);
  stepOnce(cpu, port, new Instruction());
  assertEquals([rip(cpu), cpu.rflags & 0x200, register(cpu, RSP)], [at, 0x200, 0x4000n]);
});
