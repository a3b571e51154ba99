import { assert, assertEquals } from "@std/assert";
import { CS, DECODED, DONE, REPEATING, type StepResult } from "./contract.ts";
import type { CpuState } from "./contract.ts";
import { decode } from "./decode.ts";
import { execute } from "./execute.ts";
import { Instruction } from "./instruction.ts";
import * as native from "./testdata/native_oracle.ts";
import { type NativeCase, type NativeResult, WINDOW } from "./testdata/native_oracle.ts";
import { cpuIn, FlatPort, random32, register, setRegister } from "./testdata/flat_port.ts";
import {
  RFLAGS_AF,
  RFLAGS_ARITHMETIC,
  RFLAGS_CF,
  RFLAGS_OF,
  RFLAGS_PF,
  RFLAGS_SF,
  RFLAGS_ZF,
} from "./registers.ts";

const insn = new Instruction();

/** What this test leaves out, each with its reason. */
const LEFT_OUT = new Set([
  // Answers that belong to the machine or its kernel, not to the instruction.
  ..."cpuid rdtsc int int1 int3 into sgdt sidt smsw sldt str clflushopt movbe".split(" "),
  // They need segments and descriptors of their own.
  ..."retf iret les lds lss lfs lgs lgdt lidt".split(" "),
  // Not executed here, or state that the signal frame shows otherwise.
  ..."x87 xsave fxsave fxrstor xrstor fnstcw fnstsw fldcw fninit fnclex wait".split(" "),
  ..."ldmxcsr stmxcsr emms".split(" "),
]);

/** Combinations whose meaning differs by vendor or is undefined. */
function isDisputed(bits: number, code: Uint8Array): boolean {
  const { mnemonic, map, opcode, rep } = insn;
  const segmentMove = map === 0 && (opcode === 0x8c || opcode === 0x8e);
  const segmentPop = map === 0 ? /^(7|17|1f)$/.test(opcode.toString(16)) : (opcode & 0xf7) === 0xa1;
  const farBranch = map === 0 && (opcode === 0x9a || opcode === 0xea);
  if (segmentMove || (segmentPop && mnemonic === "pop") || farBranch) return true;
  if ((insn.isMemory || insn.memorySize > 0) && insn.segment > 3) return true;
  const isBranch = /^(j|call|ret|loop)/.test(mnemonic);
  // AMD heeds the 66 prefix of a near branch in 64-bit mode, Intel and this model do not.
  if (isBranch && bits === 64 && code.includes(0x66)) return true;
  // A branch back into itself would not end; with REP it differs by vendor.
  if (isBranch && (rep !== 0 || (insn.immLo < 0 && insn.immLo > -64))) return true;
  // TZCNT and LZCNT on the host, BSF and BSR to this CPU's CPUID.
  if (map === 1 && (opcode === 0xbc || opcode === 0xbd) && rep === 0xf3) return true;
  // CET and MPX hints; PREFETCHW of a register, undefined to AMD; AMD's LOCK MOV CR.
  if (map === 1 && opcode >= 0x19 && opcode < 0x1f) return true;
  if (map === 1 && opcode === 0x0d && !insn.isMemory) return true;
  // The immediate of an undefined C7, which KVM's emulator has not, can make it too long.
  if (mnemonic === "ud" && map === 0 && opcode >> 1 === 0x63 && insn.length > 11) return true;
  return mnemonic === "ud" && map === 1 && (opcode & 0xfd) === 0x20;
}

function shiftCount(one: NativeCase): number {
  const { map, opcode } = insn;
  const byCl = map === 0 ? (opcode & 0xfe) === 0xd2 : (opcode & 1) === 1;
  const byOne = map === 0 && (opcode & 0xfe) === 0xd0;
  const count = byCl ? Number(one.gpr[1]! & 0xffn) : byOne ? 1 : insn.immLo;
  return count & (insn.size === 8 ? 63 : 31);
}

/** Flags that the manual leaves undefined after `insn`; -1 when the result is undefined too. */
function undefinedFlags(one: NativeCase): number {
  const name = insn.mnemonic;
  const bits = insn.size * 8;
  if (/^sh[lr]d?$|^sar$/.test(name)) {
    const count = shiftCount(one);
    if (count === 0) return 0;
    if (name.endsWith("d") && count > bits) return -1;
    const lost = name !== "sar" && count >= bits ? RFLAGS_CF : 0;
    return RFLAGS_AF | lost | (count === 1 ? 0 : RFLAGS_OF);
  }
  if (/^(ro|rc)[lr]$/.test(name)) return shiftCount(one) === 1 ? 0 : RFLAGS_OF;
  if (/^i?mul$/.test(name)) return RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF;
  if (/^i?div$/.test(name)) return RFLAGS_ARITHMETIC;
  if (/^(and|or|xor|test)$/.test(name)) return RFLAGS_AF;
  if (/^bt/.test(name)) return RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF;
  if (/^bs[fr]$/.test(name)) return RFLAGS_ARITHMETIC & ~RFLAGS_ZF;
  if (/^da[as]$/.test(name)) return RFLAGS_OF;
  if (/^aa[as]$/.test(name)) return RFLAGS_OF | RFLAGS_SF | RFLAGS_ZF | RFLAGS_PF;
  return /^aa[md]$/.test(name) ? RFLAGS_OF | RFLAGS_AF | RFLAGS_CF : 0;
}

type Random = () => number;

function someValue(next: Random): bigint {
  const wide = (BigInt(next()) << 32n) | BigInt(next());
  switch (next() % 5) {
    case 0:
      return BigInt.asUintN(64, BigInt(next() % 70) - 2n);
    case 1:
      return 1n << BigInt(next() & 63);
    case 2:
      return BigInt.asUintN(64, -1n << BigInt(next() & 63));
    default:
      return wide;
  }
}

const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e] as const;

/** Random bytes that decode to an instruction worth comparing; registers mostly point into the data page. */
function makeCase(next: Random): NativeCase {
  for (;;) {
    const bits = next() % 3 ? 64 : 32;
    const bytes = new Uint8Array(28);
    let at = 0;
    while (next() % 3 === 0) bytes[at++] = PREFIXES[next() % PREFIXES.length]!;
    if (bits === 64 && next() & 1) bytes[at++] = 0x40 | (next() & 15);
    if (next() & 1) bytes[at++] = 0x0f;
    for (const stop = at + 2; at < stop;) bytes[at++] = next();
    for (; at < 20; at += next() & 1 ? 1 : 4) bytes[at] = next();
    if (decode(bytes, 15, bits === 64 ? "prot64" : "prot32", insn) !== DECODED) continue;
    const code = bytes.slice(0, insn.length);
    if (LEFT_OUT.has(insn.mnemonic) || isDisputed(bits, code)) continue;
    const gpr = BigUint64Array.from({ length: 16 }, () => someValue(next));
    for (const r of [3, 4, 5, 6, 7, 12, 13, 14, 15]) {
      const near = BigInt(native.DATA_BASE + 2048 + (next() & 255) - 128);
      if (r === 4 || next() & 7) gpr[r] = near;
    }
    if (insn.index >= 0 && next() & 7) gpr[insn.index] = BigInt(next() & 63);
    if (insn.isString && insn.rep !== 0) gpr[1] = BigInt(next() & 7);
    if (bits === 32) gpr.forEach((value, r) => gpr[r] = r < 8 ? BigInt.asUintN(32, value) : 0n);
    return {
      bits,
      code,
      flags: 0x202 | (next() & (RFLAGS_ARITHMETIC | 0x400)),
      gpr,
      vectors: Uint8Array.from({ length: 320 }, () => next()),
      data: Uint8Array.from({ length: WINDOW }, () => next() % 3 ? next() : 0),
    };
  }
}

interface Ours {
  readonly cpu: CpuState;
  readonly port: FlatPort;
  readonly result: StepResult;
}

function runOurs(one: NativeCase): Ours {
  const mode = one.bits === 64 ? "prot64" : "prot32";
  const cpu = cpuIn(mode, 3);
  cpu.seg.forEach((segment, i) => segment.selector = i < 4 ? 0x2b : 0);
  cpu.seg[CS]!.selector = one.bits === 64 ? 0x33 : 0x23;
  const port = new FlatPort(cpu, 4096, native.DATA_BASE);
  port.memory.set(one.data, native.WINDOW_BASE - native.DATA_BASE);
  one.gpr.forEach((value, r) => setRegister(cpu, r, value));
  cpu.xmm.set(one.vectors.subarray(0, 256));
  cpu.mm.set(one.vectors.subarray(256));
  cpu.rflags = one.flags;
  cpu.rip[0] = native.CODE_BASE;
  assertEquals(decode(one.code, one.code.length, mode, insn), DECODED);
  let result: StepResult;
  do result = execute(insn, cpu, port); while (result === REPEATING);
  return { cpu, port, result };
}

/** Whether an access missed the data page by so much that it might meet the test program itself. */
function isWild({ cpu, port }: Ours): boolean {
  const miss = port.log.find((line) => line.startsWith("miss"));
  const address = miss ? parseInt(miss.split(" ")[1]!, 16) : native.DATA_BASE;
  const near = Math.abs(address - native.DATA_BASE - 2048) < 6000 && port.fault.cr2Hi === 0;
  // POPF of TF and AC would trouble the signal handler.
  return !near || (cpu.rflags & 0x44100) !== 0;
}

const SIGNALS = new Map([[0, 8], [6, 4]]);

/** What differs between the processor and us; "" when nothing does. */
function compare(one: NativeCase, ours: Ours, theirs: NativeResult): string {
  const { cpu, port, result } = ours;
  const signal = result === DONE ? 5 : SIGNALS.get(port.fault.vector) ?? 11;
  const theirSignal = theirs.signal === 7 ? 11 : theirs.signal;
  if (signal !== theirSignal) {
    // A branch to where nothing is mapped.
    if (signal === 5 && /^(j|call|ret|loop)/.test(insn.mnemonic)) return "";
    return `signal ${signal} (vector ${port.fault.vector}), not ${theirSignal}`;
  }
  if (result !== DONE) return "";
  const undefinedBits = undefinedFlags(one);
  if (undefinedBits < 0) return "";
  const problems: string[] = [];
  const rip = (cpu.rip[0]! - native.CODE_BASE + 16) | 0;
  if (rip !== theirs.rip - 1) problems.push(`rip +${rip}, not +${theirs.rip - 1}`);
  const flags = (cpu.rflags ^ theirs.flags) & (RFLAGS_ARITHMETIC | 0x400) & ~undefinedBits;
  if (flags) problems.push(`flags differ in ${flags.toString(16)} from ${one.flags.toString(16)}`);
  const count = one.bits === 64 ? 16 : 8;
  for (let r = 0; r < count; r++) {
    const [mine, yours] = [register(cpu, r), theirs.gpr[r]!].map((v) =>
      BigInt.asUintN(one.bits, v)
    );
    if (mine !== yours) problems.push(`r${r} ${mine!.toString(16)}, not ${yours!.toString(16)}`);
  }
  const vectors = [...cpu.xmm.subarray(0, count * 16)];
  if (vectors.some((byte, i) => byte !== theirs.vectors[i])) problems.push("xmm");
  if (cpu.mm.some((byte, i) => byte !== theirs.vectors[256 + i])) problems.push("mm");
  const window = port.memory.subarray(native.WINDOW_BASE - native.DATA_BASE);
  const at = theirs.data.findIndex((byte, i) => byte !== window[i]);
  if (at >= 0) problems.push(`memory +${at} ${window[at]}, not ${theirs.data[at]}`);
  return problems.join(", ");
}

const missing = native.nativeUnavailable();

Deno.test({
  name: `execute() does what the processor does${missing ? ` (skipped: ${missing})` : ""}`,
  ignore: missing !== null,
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      const program = await native.compileNative(directory);
      const next = random32(0xd0c5);
      const cases: NativeCase[] = [];
      while (cases.length < 12_000) {
        const one = makeCase(next);
        if (!isWild(runOurs(one))) cases.push(one);
      }
      const results = await native.runNative(program, cases);
      const seen = new Set<string>();
      const problems: string[] = [];
      cases.forEach((one, i) => {
        const problem = compare(one, runOurs(one), results[i]!);
        seen.add(insn.mnemonic);
        if (problem) problems.push(`${one.bits} ${insn.mnemonic} ${one.code.toHex()}: ${problem}`);
      });
      assertEquals(problems.slice(0, 20), []);
      assert(seen.size > 140, `only ${seen.size} mnemonics`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
