import { parseRegistrationSet } from "@ioeventfd/advisor";
import type { RecordedSet, RegistrationSet } from "@ioeventfd/advisor";
import { InputError, UsageError } from "../cli_error.ts";
import type { Context } from "../command.ts";
import { inputName } from "../host.ts";
import { readSets } from "./_read_sets.ts";

const units = new Map([["", 1e9], ["s", 1e9], ["ms", 1e6], ["us", 1e3], ["µs", 1e3], ["ns", 1]]);

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
): Promise<RegistrationSet> {
  const { path, untilNs } = splitOperand(operand);
  const name = inputName(path);
  const sets = await readSets(context, path, name);
  if (typeof sets !== "string") return stateOf(only(sets, vm, name), untilNs);
  if (untilNs !== null) throw new UsageError(`${operand}: a set as JSON has no time`);
  return /^\s*\[\s*\]\s*$/.test(sets) ? [] : parseRegistrationSet(sets, name);
}

/** `FILE@3.2s`; a name that has another `@` in it stays whole. */
function splitOperand(operand: string): { readonly path: string; readonly untilNs: number | null } {
  const parts = operand.match(/^(.+)@(\d+(?:\.\d+)?)(ns|us|µs|ms|s)?$/s);
  if (parts === null) return { path: operand, untilNs: null };
  return { path: parts[1]!, untilNs: Math.round(Number(parts[2]) * units.get(parts[3] ?? "")!) };
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
