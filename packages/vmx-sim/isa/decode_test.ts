import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as iced from "iced-x86";
import type { CpuMode } from "./contract.ts";
import { DECODED, FAULTED, NEED_MORE, NOT_DECODED, TOO_LONG } from "./contract.ts";
import { decode } from "./decode.ts";
import { execute } from "./execute.ts";
import { Instruction } from "./instruction.ts";
import { VECTOR_UD } from "./registers.ts";
import { cpuIn, FlatPort, random32 } from "./testdata/flat_port.ts";

const MODES: readonly CpuMode[] = ["real", "prot16", "prot32", "prot64"];
const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65] as const;

function bits(mode: CpuMode): number {
  return mode === "prot64" ? 64 : mode === "prot32" ? 32 : 16;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Where this decoder and iced-x86 mean to disagree, by our mnemonic:
 * hint NOPs and prefetches have a memory operand that is not accessed, which iced sizes all the same.
 */
const NOT_ACCESSED = new Set(["nop", "prefetch", "prefetchw"]);

/** Undefined to a CPU without transactions, as the modelled one is; iced-x86 knows every CPU's. */
const TRANSACTIONS: readonly iced.Code[] = [
  iced.Code.Xabort_imm8,
  iced.Code.Xbegin_rel16,
  iced.Code.Xbegin_rel32,
];

const REGISTERS_64 = "RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15".split(" ");
const REGISTERS_32 = "EAX ECX EDX EBX ESP EBP ESI EDI R8D R9D R10D R11D R12D R13D R14D R15D"
  .split(" ");
const REGISTERS_16 = "AX CX DX BX SP BP SI DI".split(" ");
const SEGMENTS = ["ES", "CS", "SS", "DS", "FS", "GS"];

function registerName(number: number, size: number): string {
  if (number < 0) return "None";
  if (number === 16) return size === 8 ? "RIP" : "EIP";
  return (size === 8 ? REGISTERS_64 : size === 4 ? REGISTERS_32 : REGISTERS_16)[number]!;
}

/** Compares a ModRM memory operand: base, index, scale, displacement, segment. */
function addressDifference(ours: Instruction, theirs: iced.Instruction): string {
  const size = ours.addressSize;
  const base = iced.Register[theirs.memoryBase];
  const index = iced.Register[theirs.memoryIndex];
  const scale = ours.index < 0 ? 1 : theirs.memoryIndexScale;
  // Without a shift, iced takes [index] for [base] at times, and so may we: the sum is what counts.
  const mine = [registerName(ours.base, size), registerName(ours.index, size)];
  const plain = ours.scale === 0 && scale === 1;
  const same = plain
    ? [...mine].sort().join() === [base, index].sort().join()
    : mine[0] === base && mine[1] === index && 1 << ours.scale === scale;
  if (!same) return `address ${mine}*${1 << ours.scale}, not ${base},${index}*${scale}`;
  let displacement = (BigInt(ours.dispHi) << 32n) | BigInt(ours.dispLo >>> 0);
  if (ours.base === 16) displacement += theirs.nextIP;
  const wrap = (value: bigint) => BigInt.asUintN(8 * size, value);
  if (wrap(displacement) !== wrap(theirs.memoryDisplacement)) {
    return `displacement ${displacement}, not ${theirs.memoryDisplacement}`;
  }
  const segment = iced.Register[theirs.memorySegment];
  const irrelevant = ours.long && ours.segment < 4 && !"FSGS".includes(segment!);
  return irrelevant || SEGMENTS[ours.segment] === segment
    ? ""
    : `segment ${SEGMENTS[ours.segment]}, not ${segment}`;
}

const IMMEDIATES = new Map([
  [iced.OpKind.Immediate8, 8],
  [iced.OpKind.Immediate16, 16],
  [iced.OpKind.Immediate32, 32],
  [iced.OpKind.Immediate64, 64],
  [iced.OpKind.Immediate8to16, 16],
  [iced.OpKind.Immediate8to32, 32],
  [iced.OpKind.Immediate8to64, 64],
  [iced.OpKind.Immediate32to64, 64],
]);

/** Compares everything of an instruction that both accept; "" when they agree. */
function difference(ours: Instruction, theirs: iced.Instruction): string {
  if (ours.length !== theirs.length) return `length ${ours.length}, not ${theirs.length}`;
  let inMemory = false;
  for (let i = 0; i < theirs.opCount; i++) {
    const kind = theirs.opKind(i);
    if (kind >= iced.OpKind.MemorySegSI) inMemory = true;
    if (kind === iced.OpKind.Memory && ours.isMemory) {
      const problem = addressDifference(ours, theirs);
      if (problem) return problem;
    }
    const width = IMMEDIATES.get(kind);
    const implied = ours.mnemonic !== "enter" && ours.opcode >> 2 === 0xd0 >> 2 && ours.map === 0;
    if (width !== undefined && !implied) {
      const mine = BigInt.asUintN(width, (BigInt(ours.immHi) << 32n) | BigInt(ours.immLo >>> 0));
      const second = BigInt(ours.imm2);
      if (mine !== BigInt.asUintN(width, theirs.immediate(i)) && second !== theirs.immediate(i)) {
        return `immediate ${mine}, not ${theirs.immediate(i)}`;
      }
    }
    if (kind === iced.OpKind.NearBranch64) {
      const target = theirs.nextIP + ((BigInt(ours.immHi) << 32n) | BigInt(ours.immLo >>> 0));
      if (BigInt.asUintN(64, target - theirs.nearBranchTarget) !== 0n) return `target ${target}`;
    }
  }
  if (NOT_ACCESSED.has(ours.mnemonic)) return "";
  const size = inMemory ? iced.MemorySizeExt.size(theirs.memorySize) : 0;
  return size === ours.memorySize ? "" : `memory size ${ours.memorySize}, not ${size}`;
}

Deno.test("decode() agrees with iced-x86 on length, operands and memory size", () => {
  const insn = new Instruction();
  const bytes = new Uint8Array(16);
  const next = random32(20140331);
  const problems = new Map<string, string>();
  let accepted = 0;
  for (let i = 0; i < 120_000; i++) {
    const mode = MODES[i & 3]!;
    let at = 0;
    for (let k = next() & 3; k > 0; k--) bytes[at++] = PREFIXES[next() % PREFIXES.length]!;
    if (mode === "prot64" && next() & 1) bytes[at++] = 0x40 | (next() & 15);
    if (next() & 1) bytes[at++] = 0x0f;
    // Every opcode byte in turn, whatever the numbers say.
    bytes[at++] = (i >> 2) & 0xff;
    while (at < 16) bytes[at++] = next() & 0xff;
    if (decode(bytes, 15, mode, insn) !== DECODED) continue;
    accepted++;
    const decoder = new iced.Decoder(bits(mode), bytes, iced.DecoderOptions.None);
    decoder.ip = 0x1000n;
    const theirs = decoder.decode();
    let problem = "";
    if (theirs.code === iced.Code.INVALID || insn.mnemonic === "ud") {
      const port = new FlatPort(cpuIn(mode));
      const raised = execute(insn, cpuIn(mode), port) === FAULTED &&
        port.fault.vector === VECTOR_UD;
      const isUndefined = theirs.code === iced.Code.INVALID || TRANSACTIONS.includes(theirs.code);
      if (!raised || !isUndefined) problem = "not undefined to both";
    } else problem = difference(insn, theirs);
    if (problem) problems.set(`${mode} ${insn.mnemonic} ${problem}`, hex(bytes));
    theirs.free();
    decoder.free();
  }
  assertEquals([...problems].slice(0, 20), []);
  assert(accepted > 50_000, `only ${accepted} accepted`);
});

Deno.test("decode() asks for more bytes until the instruction is complete", () => {
  const insn = new Instruction();
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 15, maxLength: 15 }),
    fc.constantFrom(...MODES),
    (bytes, mode) => {
      if (decode(bytes, 15, mode, insn) !== DECODED || insn.mnemonic === "ud") return;
      const { length, mnemonic } = insn;
      for (let given = 0; given < length; given++) {
        assertEquals(decode(bytes, given, mode, insn), NEED_MORE);
      }
      assertEquals(decode(bytes, length, mode, insn), DECODED);
      const shifted = new Uint8Array(20);
      shifted.set(bytes, 5);
      assertEquals(decode(shifted, length, mode, insn, 5), DECODED);
      assertEquals([insn.length, insn.mnemonic], [length, mnemonic]);
    },
  ));
});

Deno.test("decode() refuses what is longer than 15 bytes", () => {
  const bytes = new Uint8Array(20).fill(0x66);
  bytes.set([0x90], 14);
  const insn = new Instruction();
  assertEquals(decode(bytes, 20, "prot64", insn), DECODED);
  assertEquals(insn.length, 15);
  bytes[14] = 0x66;
  bytes[15] = 0x90;
  assertEquals(decode(bytes, 20, "prot64", insn), TOO_LONG);
  assertEquals(decode(bytes, 14, "prot64", insn), NEED_MORE);
});

Deno.test("decode() does not guess at VEX, EVEX, XOP and unknown opcodes", () => {
  const insn = new Instruction();
  const unknown: readonly (readonly [CpuMode, string])[] = [
    ["prot64", "c5fa7f07"],
    ["prot64", "c4e17a7f07"],
    ["prot32", "c5fa7f07"],
    ["prot64", "62f17c4811070000"],
    ["prot64", "8fe97801c0000000"],
    ["prot32", "63c8"],
    ["prot64", "0f0fc09e00000000"],
    ["prot64", "0f01c100"],
    ["prot64", "d9e8"],
    ["prot64", "0f3a0fc10800"],
  ];
  for (const [mode, text] of unknown) {
    const bytes = Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16));
    assertEquals(decode(bytes, bytes.length, mode, insn), NOT_DECODED, text);
  }
});

/** What KVM's emulator does with the store of each instruction, as a live host showed it. */
const EMULATED: readonly (readonly [string, boolean])[] = [
  ["8907", true], // mov [rdi], eax
  ["f00fc107", true], // lock xadd
  ["0fc70f", true], // cmpxchg8b
  ["480fc70f", true], // cmpxchg16b starts, and gives up once it has read
  ["0fc307", true], // movnti
  ["0f7f07", true], // movq [rdi], mm0
  ["0f7e07", false], // movd [rdi], mm0
  ["0f1107", true], // movups
  ["660fe707", true], // movntdq
  ["f30f1107", false], // movss
  ["0f1307", false], // movlps
  ["660fd607", false], // movq [rdi], xmm0
  ["0fae1f", false], // stmxcsr
  ["0fae07", false], // fxsave
  ["0fae27", false], // xsave
  ["d93f", true], // fnstcw
  ["dd3f", true], // fnstsw
  ["d917", false], // fst
  ["df3f", false], // fistp
  ["dd37", false], // fnsave
];

Deno.test("decode() knows what KVM's emulator refuses", () => {
  const insn = new Instruction();
  for (const [text, emulated] of EMULATED) {
    const bytes = Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16));
    const result = decode(bytes, bytes.length, "prot64", insn);
    if (result === DECODED) assertEquals(insn.emulated, emulated, text);
    else assertEquals([text, emulated], [text, false]);
  }
});
