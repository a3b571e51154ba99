/**
 * The floor of a fast kick: what cannot be left out, in one loop over typed arrays of the module, with no rooms, rules
 * or cases beside it. An instruction decoded before is found by RIP; its address is base and displacement; a cached
 * translation says where the EPT leaf is, and the leaf that it misconfigures; the exit goes into a VMCS, the handler
 * takes it from there, finds the doorbell by hash, adds to its counter, and moves RIP. `kick.ts CHUNKS KICKS`
 *
 * @module
 */
import { answer, timeSamples } from "../sampling.ts";

const DOORBELL = 0xd000_0000 | 0, CODE = 0x1000, LENGTH = 6, STORES = 64;
const REASON = 0, PHYSICAL = 2, RIP = 4, RFLAGS = 6, INSTRUCTION_LENGTH = 7, VECTORING = 8;
const EPT_MISCONFIG = 49, MISCONFIGURED = 6;

const gpr = new Int32Array(32), rip = new Int32Array(2), vmcs = new Int32Array(16);
/** By offset in the page of code: displacement and epoch. */
const displacements = new Int32Array(4096), epochs = new Int32Array(4096);
/** By page: tag, guest physical page, leaf. */
const translations = new Int32Array(256 * 4), leaves = new Int32Array(1024);
/** By hash: address, high word, tag; and the counters. */
const records = new Int32Array(16 * 4), counters = new Int32Array(64);
const epoch = 1, base = 7;

gpr[base * 2] = DOORBELL;
for (let i = 0; i < STORES; i++) epochs[CODE % 4096 + i * LENGTH] = epoch;
translations.set([(DOORBELL & ~0xfff) | 1, DOORBELL & ~0xfff, 5], pageOf(DOORBELL));
leaves[5] = MISCONFIGURED;
records.set([DOORBELL, 0, 3], homeOf(DOORBELL));

const [chunks, kicks] = Deno.args.map(Number) as [number, number];
const [ns] = timeSamples(chunks, [{ ops: kicks, run, reset: () => void (counters[0] = 0) }]);
if (counters[0] !== chunks * kicks) throw new Error(`${counters[0]} kicks were counted`);
answer({ ns });

function run(kicks: number): void {
  for (let done = 0; done < kicks; done += STORES) {
    rip[0] = CODE;
    for (let i = 0; i < STORES; i++) if (!enter() || !handle()) throw new Error("no doorbell");
  }
}

function enter(): boolean {
  const at = rip[0]! & 0xfff;
  if (epochs[at] !== epoch) return false;
  const lo = (gpr[base * 2]! + displacements[at]!) | 0;
  const page = pageOf(lo);
  if (translations[page] !== ((lo & ~0xfff) | 1)) return false;
  if ((leaves[translations[page + 2]!]! & 7) !== MISCONFIGURED) return false;
  vmcs[REASON] = EPT_MISCONFIG;
  vmcs[PHYSICAL] = translations[page + 1]! | (lo & 0xfff);
  vmcs[PHYSICAL + 1] = 0;
  vmcs[RIP] = rip[0]!;
  vmcs[RIP + 1] = rip[1]!;
  vmcs[RFLAGS] = 2;
  vmcs[INSTRUCTION_LENGTH] = LENGTH;
  vmcs[VECTORING] = 0;
  return true;
}

function handle(): boolean {
  if (vmcs[VECTORING]! < 0 || vmcs[REASON] !== EPT_MISCONFIG) return false;
  const lo = vmcs[PHYSICAL]!, hi = vmcs[PHYSICAL + 1]!;
  const at = homeOf(lo);
  const tag = records[at + 2]!;
  if (records[at] !== lo || records[at + 1] !== hi || tag === 0) return false;
  counters[tag >> 2] = (counters[tag >> 2]! + 1) | 0;
  rip[0] = (rip[0]! + vmcs[INSTRUCTION_LENGTH]!) | 0;
  return true;
}

function pageOf(lo: number): number {
  return (lo >>> 12 & 0xff) << 2;
}

function homeOf(lo: number): number {
  return Math.imul(lo, 0x9e3779b1 | 0) >>> 28 << 2;
}
