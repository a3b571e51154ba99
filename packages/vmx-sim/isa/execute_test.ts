import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { assemble } from "./assemble.ts";
import type { Assembler } from "./assembler.ts";
import {
  type CpuMode,
  type CpuState,
  DECODED,
  DONE,
  DS,
  ES,
  FAULTED,
  HALTED,
  RAX,
  RCX,
  RDI,
  RDX,
  REPEATING,
  RSI,
  RSP,
  SS,
  type StepResult,
  STOPPED,
  UNDECODED,
} from "./contract.ts";
import { decode } from "./decode.ts";
import { execute } from "./execute.ts";
import { Instruction } from "./instruction.ts";
import {
  cpuIn,
  FlatPort,
  random32,
  register,
  runProgram,
  setRegister,
} from "./testdata/flat_port.ts";
import { RFLAGS_ZF } from "./registers.ts";

const insn = new Instruction();

/** Assembles one statement and executes it until it is no longer REPEATING; counts the steps. */
function one(
  mode: CpuMode,
  statement: (a: Assembler) => void,
  setUp: (cpu: CpuState, port: FlatPort) => void = () => {},
): { cpu: CpuState; port: FlatPort; result: StepResult; steps: number } {
  const bytes = assemble({ mode }, statement);
  const cpu = cpuIn(mode);
  const port = new FlatPort(cpu);
  setUp(cpu, port);
  assertEquals(decode(bytes, bytes.length, mode, insn), DECODED);
  let steps = 1;
  let result = execute(insn, cpu, port);
  for (; result === REPEATING; steps++) result = execute(insn, cpu, port);
  return { cpu, port, result, steps };
}

Deno.test("execute() reads before it writes, and says when a write follows", () => {
  const pointer = (cpu: CpuState) => setRegister(cpu, RDI, 0x4000n);
  const log = (statement: (a: Assembler) => void) => one("prot64", statement, pointer).port.log;
  assertEquals(log((a) => a.mov(a.ptr(a.rdi), a.eax)), ["write 4000 4"]);
  assertEquals(log((a) => a.lock().add(a.qword(a.rdi), 5)), ["rmw 4000 8", "write 4000 8"]);
  assertEquals(log((a) => a.cmp(a.word(a.rdi), 5)), ["read 4000 2"]);
  assertEquals(log((a) => a.bt(a.dword(a.rdi), 5)), ["read 4000 4"]);
  assertEquals(log((a) => a.xchg(a.ptr(a.rdi), a.al)), ["rmw 4000 1", "write 4000 1"]);
  assertEquals(log((a) => a.movups(a.ptr(a.rdi), a.xmm0)), ["write 4000 16"]);
  assertEquals(log((a) => a.lea(a.rax, a.ptr(a.rdi))), []);
  assertEquals(log((a) => a.prefetch(a.ptr(a.rdi))), []);
  assertEquals(log((a) => a.clflush(a.ptr(a.rdi))), ["read 4000 1"]);
});

Deno.test("execute() of a failing CMPXCHG writes the old value back", () => {
  const { port, cpu } = one("prot64", (a) => a.cmpxchg(a.ptr(a.rdi), a.ebx), (cpu, port) => {
    setRegister(cpu, RDI, 0x4000n);
    port.memory[0x4000] = 7;
  });
  assertEquals(port.log, ["rmw 4000 4", "write 4000 4"]);
  assertEquals([register(cpu, RAX), cpu.rflags & RFLAGS_ZF, port.memory[0x4000]], [7n, 0, 7]);
});

Deno.test("execute() leaves CMPXCHG16B to silicon, once the emulator has read its operand", () => {
  const aligned = (cpu: CpuState, port: FlatPort) => {
    setRegister(cpu, RDI, 0x4000n);
    port.emulator = true;
  };
  const refused = one("prot64", (a) => a.cmpxchg16b(a.ptr(a.rdi)), aligned);
  assertEquals([refused.result, refused.port.log], [UNDECODED, ["rmw 4000 16"]]);
  const unaligned = one("prot64", (a) => a.cmpxchg16b(a.ptr(a.rdi, 8)), aligned);
  assertEquals([unaligned.result, unaligned.port.fault.vector], [FAULTED, 13]);
  assertEquals(unaligned.port.log, []);
});

Deno.test("execute() does one element of a REP string instruction at a time", () => {
  const { cpu, port, steps } = one("prot64", (a) => a.rep().movs(4), (cpu, port) => {
    setRegister(cpu, RSI, 0x2000n);
    setRegister(cpu, RDI, 0x3000n);
    setRegister(cpu, RCX, 3n);
    port.memory.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 0x2000);
  });
  assertEquals(steps, 3);
  assertEquals(port.log.slice(0, 2), ["read 2000 4", "write 3000 4"]);
  assertEquals([...port.memory.subarray(0x3000, 0x300c)], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assertEquals([register(cpu, RCX), register(cpu, RSI)], [0n, 0x200cn]);
  const none = one("prot64", (a) => a.rep().stos(1));
  assertEquals([none.steps, none.port.log], [1, []]);
});

Deno.test("execute() ends REPE CMPS and REPNE SCAS by ZF", () => {
  const found = one("prot32", (a) => a.repne().scas(1), (cpu, port) => {
    setRegister(cpu, RDI, 0x2000n);
    setRegister(cpu, RCX, 100n);
    setRegister(cpu, RAX, 0x41n);
    port.memory.set(new TextEncoder().encode("looking for A"), 0x2000);
  });
  assertEquals(register(found.cpu, RDI), 0x200dn);
  const equal = one("real", (a) => a.rep().cmps(2), (cpu) => {
    setRegister(cpu, RSI, 0x2000n);
    setRegister(cpu, RDI, 0x3000n);
    setRegister(cpu, RCX, 4n);
  });
  assertEquals([equal.steps, register(equal.cpu, RSI)], [4, 0x2008n]);
});

Deno.test("execute() writes a batch of REP INS at once", () => {
  const { port, cpu, steps } = one("prot64", (a) => a.rep().ins(1), (cpu, port) => {
    setRegister(cpu, RDI, 0x2000n);
    setRegister(cpu, RDX, 0x510n);
    setRegister(cpu, RCX, 5n);
    port.batch = 3;
  });
  assertEquals(steps, 2);
  assertEquals(port.log, ["in 510 1 5", "write 2000 3", "in 510 1 2", "write 2003 2"]);
  assertEquals([register(cpu, RCX), register(cpu, RDI)], [0n, 0x2005n]);
});

Deno.test("execute() wraps 16-bit addresses and checks segment limits", () => {
  const wrapped = one("real", (a) => a.mov(a.ptr(a.bx, { index: a.si }), a.al), (cpu) => {
    setRegister(cpu, 3, 0xfff0n);
    setRegister(cpu, RSI, 0x20n);
  });
  assertEquals(wrapped.port.log, ["write 10 1"]);
  const beyond = one("real", (a) => a.mov(a.ptr(0xffff), a.ax));
  assertEquals([beyond.result, beyond.port.fault.vector], [FAULTED, 13]);
  const stack = one(
    "real",
    (a) => a.mov(a.ptr(a.bp), a.eax),
    (cpu) => setRegister(cpu, 5, 0xfffen),
  );
  assertEquals([stack.result, stack.port.fault.vector], [FAULTED, 12]);
  const readOnly = one("prot32", (a) => a.mov(a.ptr(0), a.eax), (cpu) => {
    cpu.seg[DS]!.rights = 0xc091;
  });
  assertEquals([readOnly.result, readOnly.port.fault.vector], [FAULTED, 13]);
  const unusable = one("prot32", (a) => a.stos(1), (cpu) => cpu.seg[ES]!.rights = 0x10000);
  assertEquals([unusable.result, unusable.port.fault.errorCode], [FAULTED, 0]);
  const odd = one("prot64", (a) => a.mov(a.ptr(a.rdi), a.eax), (cpu) => {
    setRegister(cpu, RDI, 0x8000_0000_0000n);
  });
  assertEquals([odd.result, odd.port.fault.vector], [FAULTED, 13]);
});

Deno.test("execute() asks the I/O bitmap when CPL is above IOPL", () => {
  const bitmap = (allowed: boolean) => (cpu: CpuState, port: FlatPort) => {
    cpu.seg.forEach((segment) => segment.rights |= 0x60);
    Object.assign(cpu.tr, { baseLo: 0x6000, limit: 0x2067, rights: 0x8b });
    port.memory[0x6066] = 0x68;
    port.memory.fill(0xff, 0x6068, 0x6068 + 0x2000);
    if (allowed) port.memory[0x6068 + (0x510 >> 3)] = 0xf0;
    setRegister(cpu, RDX, 0x510n);
  };
  const yes = one("prot64", (a) => a.out(a.dx, a.eax), bitmap(true));
  assertEquals([yes.result, yes.port.log.at(-1)], [DONE, "out 510 00000000"]);
  const no = one("prot64", (a) => a.out(a.dx, a.eax), bitmap(false));
  assertEquals([no.result, no.port.fault.vector], [FAULTED, 13]);
  const short = one("prot64", (a) => a.out(a.dx, a.eax), (cpu, port) => {
    bitmap(true)(cpu, port);
    cpu.tr.limit = 0x68 + (0x510 >> 3);
  });
  assertEquals([short.result, short.port.fault.vector], [FAULTED, 13]);
  const iopl = one("prot64", (a) => a.out(a.dx, a.eax), (cpu, port) => {
    bitmap(false)(cpu, port);
    cpu.rflags |= 0x3000;
  });
  assertEquals(iopl.result, DONE);
});

Deno.test("execute() raises what CR0 and CR4 ask for on vector moves", () => {
  const store = (a: Assembler) => a.movups(a.ptr(0x2000), a.xmm0);
  const vector = (change: (cpu: CpuState) => void) =>
    one("prot64", store, change).port.fault.vector;
  assertEquals(vector((cpu) => cpu.cr0 |= 4), 6);
  assertEquals(vector((cpu) => cpu.cr0 |= 8), 7);
  assertEquals(vector((cpu) => cpu.cr4 &= ~0x200), 6);
});

Deno.test("execute() shows STI and MOV SS as interrupt shadows", () => {
  assertEquals(one("real", (a) => a.sti()).cpu.interruptShadow, 1);
  assertEquals(one("real", (a) => a.sti(), (cpu) => cpu.rflags |= 0x200).cpu.interruptShadow, 0);
  assertEquals(one("real", (a) => a.mov(a.ss, a.ax)).cpu.interruptShadow, 2);
});

Deno.test("execute() of BT takes a register index far beyond its operand", () => {
  const index = (bit: bigint) => (cpu: CpuState) => {
    setRegister(cpu, RDI, 0x8000n);
    setRegister(cpu, RAX, bit);
  };
  const log = (bit: bigint) =>
    one("prot64", (a) => a.bts(a.ptr(a.rdi), a.rax), index(bit)).port.log;
  assertEquals(log(64n * 3n + 5n), ["rmw 8018 8", "write 8018 8"]);
  assertEquals(log(-1n), ["rmw 7ff8 8", "write 7ff8 8"]);
  assertEquals(log(0x8000_0000n), ["miss 10008000 8"]);
  const word = one("prot64", (a) => a.bt(a.ptr(a.rdi), a.ax), index(0x8000n));
  assertEquals(word.port.log, ["read 7000 2"]);
});

Deno.test("execute() of POP mem leaves RSP alone when its store stops", () => {
  const bytes = assemble({ mode: "prot64" }, (a) => a.pop(a.ptr(a.rsp, 0x10)));
  const cpu = cpuIn("prot64");
  setRegister(cpu, RSP, 0x4000n);
  const port = new StoppingPort(cpu);
  port.left = 1;
  assertEquals(decode(bytes, bytes.length, "prot64", insn), DECODED);
  assertEquals([execute(insn, cpu, port), register(cpu, RSP)], [STOPPED, 0x4000n]);
  // The address is that after the pop.
  assertEquals(execute(insn, cpu, port), DONE);
  assertEquals(port.log.at(-1), "write 4018 8");
});

/** A port that stops at its n-th access. */
class StoppingPort extends FlatPort {
  left = 0;

  #stop(): boolean {
    return this.left-- === 0;
  }

  override read(lo: number, hi: number, size: number, forWrite: boolean): StepResult {
    return this.#stop() ? STOPPED : super.read(lo, hi, size, forWrite);
  }

  override write(lo: number, hi: number, size: number): StepResult {
    return this.#stop() ? STOPPED : super.write(lo, hi, size);
  }

  override portIn(port: number, size: number, count: number): StepResult {
    return this.#stop() ? STOPPED : super.portIn(port, size, count);
  }

  override portOut(port: number, size: number, string: boolean): StepResult {
    return this.#stop() ? STOPPED : super.portOut(port, size, string);
  }
}

function snapshot(cpu: CpuState): unknown {
  return JSON.parse(JSON.stringify(cpu));
}

Deno.test("execute() commits nothing when the port stops it, and repeats to the same end", () => {
  const modes: readonly CpuMode[] = ["real", "prot32", "prot64"];
  let stops = 0;
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(...modes), fc.nat(2), (seed, mode, stopAt) => {
      const next = random32(seed);
      const bytes = new Uint8Array(15);
      do {
        bytes.forEach((_, i) => bytes[i] = i > 5 ? 0 : next());
        if (next() & 1) bytes[0] = 0x0f;
      } while (decode(bytes, 15, mode, insn) !== DECODED);
      const start = () => {
        const cpu = cpuIn(mode);
        const values = random32(seed ^ 0x55);
        for (let r = 0; r < 16; r++) setRegister(cpu, r, BigInt(0x4000 + (values() & 0xff8)));
        setRegister(cpu, RSP, 0x6000n);
        const port = new StoppingPort(cpu, 0x20000);
        port.left = -1;
        port.memory.forEach((_, i) => port.memory[i] = values() & 3);
        return { cpu, port };
      };
      const straight = start();
      const expected = execute(insn, straight.cpu, straight.port);
      const halting = start();
      halting.port.left = stopAt;
      const before = snapshot(halting.cpu);
      if (execute(insn, halting.cpu, halting.port) !== STOPPED) return;
      stops++;
      assertEquals(snapshot(halting.cpu), before, insn.mnemonic);
      assertEquals(execute(insn, halting.cpu, halting.port), expected);
      assertEquals(snapshot(halting.cpu), snapshot(straight.cpu), insn.mnemonic);
    }),
    { numRuns: 400 },
  );
  assert(stops > 20, `only ${stops} stops`);
});

Deno.test("execute() runs a guest from real mode through protected into long mode", () => {
  const code = assemble({ mode: "real", origin: 0x1000 }, (a) => {
    const gdt = a.newLabel("gdt");
    const pointer = a.newLabel("pointer");
    const wide = a.newLabel("wide");
    const long = a.newLabel("long");
    a.cli();
    a.lgdt(a.ptr(pointer));
    a.mov(a.eax, a.cr0);
    a.or(a.eax, 1);
    a.mov(a.cr0, a.eax);
    a.jmpFar(8, wide);
    a.bits = 32;
    a.bind(wide);
    a.mov(a.eax, 0x18);
    for (const segment of [a.ds, a.es, a.ss]) a.mov(segment, a.eax);
    a.mov(a.esp, 0x8000);
    a.mov(a.eax, 0x20000);
    a.mov(a.cr3, a.eax);
    a.mov(a.eax, 0x620);
    a.mov(a.cr4, a.eax);
    a.mov(a.ecx, 0xc0000080);
    a.rdmsr();
    a.or(a.eax, 0x100);
    a.wrmsr();
    a.mov(a.eax, a.cr0);
    a.or(a.eax, 0x80000000);
    a.mov(a.cr0, a.eax);
    a.jmpFar(0x10, long);
    a.bits = 64;
    a.bind(long);
    a.mov(a.r8, 0x1122334455667788n);
    a.push(a.r8);
    a.hlt();
    a.align(8);
    a.bind(gdt);
    a.dq(0, 0xcf9a000000ffffn, 0xaf9a000000ffffn, 0xcf92000000ffffn);
    a.bind(pointer);
    a.dw(31);
    a.dd(gdt);
  });
  const cpu = cpuIn("real");
  const port = new FlatPort(cpu);
  port.memory.set(code, 0x1000);
  cpu.rip[0] = 0x1000;
  assertEquals(runProgram(cpu, port), HALTED);
  assertEquals([cpu.efer, cpu.cr0 >>> 0, cpu.cr3], [0x500, 0xe0000011, 0x20000]);
  assertEquals(register(cpu, RSP), 0x7ff8n);
  assertEquals(new DataView(port.memory.buffer).getBigUint64(0x7ff8, true), 0x1122334455667788n);
  assertEquals([cpu.seg[SS]!.limit, cpu.seg[SS]!.rights], [0xffffffff, 0xc093]);
});
