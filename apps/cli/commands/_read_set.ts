import { parseRegistrationSet } from "@ioeventfd/advisor";
import type { RecordedSet, RegistrationSet } from "@ioeventfd/advisor";
import { InputError, UsageError } from "../cli_error.ts";
import type { Context } from "../command.ts";
import { inputName } from "../host.ts";
import { readSets } from "./_read_sets.ts";

const units = new Map([["", 1e9], ["s", 1e9], ["ms", 1e6], ["us", 1e3], ["µs", 1e3], ["ns", 1]]);

/** A set of registrations, and what it was read from. */
export interface ReadSet {
  /** As it was at the time asked for. */
  readonly set: RegistrationSet;
  /** From a recording, rather than JSON. */
  readonly isRecorded: boolean;
}

/**
 * A set from JSON, or what a VM of a recording had at a time.
 *
 * @param operand File, `-`, or `CAPTURE@TIME`
 * @param options Descriptor of the VM, where it was given
 */
export async function readSet(
  context: Context,
  operand: string,
  { vm }: { readonly vm: string | undefined },
): Promise<ReadSet> {
  const { path, untilNs } = splitOperand(operand);
  if (untilNs === null) await refuseWrongTime(context, operand);
  const name = inputName(path);
  const sets = await readSets(context, path, name);
  if (typeof sets !== "string") {
    return { set: stateOf(only(sets, vm, name), untilNs), isRecorded: true };
  }
  if (untilNs !== null) throw new UsageError(`${operand}: a set as JSON has no time`);
  const isEmpty = /^\s*\[\s*\]\s*$/.test(sets);
  return { set: isEmpty ? [] : parseRegistrationSet(sets, name), isRecorded: false };
}

/** `FILE@3.2s`; a name that has another `@` in it stays whole. */
function splitOperand(operand: string): { readonly path: string; readonly untilNs: number | null } {
  const parts = operand.match(/^(.+)@(\d+(?:\.\d+)?)(ns|us|µs|ms|s)?$/s);
  if (parts === null) return { path: operand, untilNs: null };
  return { path: parts[1]!, untilNs: Math.round(Number(parts[2]) * units.get(parts[3] ?? "")!) };
}

/** What is no time behind an `@` is part of a name, unless the name before it is that of a file and the whole is not. */
async function refuseWrongTime(context: Context, operand: string): Promise<void> {
  const [, path, time] = operand.match(/^(.+)@([^@/]*)$/s) ?? [];
  if (path === undefined || !await opens(context, path) || await opens(context, operand)) return;
  throw new UsageError(
    `${operand}: "${time}" is not a time since the first event; write it like 3.2s, 250ms or 12us`,
  );
}

async function opens(context: Context, path: string): Promise<boolean> {
  if (path === "-") return true;
  try {
    await (await context.open(path)).cancel();
    return true;
  } catch {
    return false;
  }
}

function only(sets: readonly RecordedSet[], vm: string | undefined, name: string): RecordedSet {
  const fitting = vm === undefined
    ? sets
    : sets.filter((set) => vm === String(set.vm) || vm === nameOf(set));
  const [first] = fitting;
  if (fitting.length === 1) return first!;
  const all = [...new Set(sets.map(nameOf))].join(", ");
  if (first === undefined) throw new InputError(`${name}: no VM ${vm} in it: it has ${all}`);
  throw new InputError(`${name}: several VMs: choose one with --vm PID/FD: ${all}`);
}

function nameOf({ process, vm }: RecordedSet): string {
  return `${process}/${vm}`;
}

function stateOf({ steps, times }: RecordedSet, untilNs: number | null): RegistrationSet {
  if (untilNs === null) return steps;
  return steps.filter((_, i) => times[i]! <= untilNs);
}
