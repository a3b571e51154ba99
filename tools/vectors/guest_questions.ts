/**
 * Questions of kind `guest`: each way to store, in both modes, each with no doorbell, and with doorbells that take its stores
 * by length, by no length, by value, and that just miss them; rare ways with fewer; then all of them at random places.
 *
 * @module
 */
import { guestLayout, type GuestObservation, type GuestSetup } from "@ioeventfd/conform";
import type { GuestVector } from "@ioeventfd/conform";
import type { SeededRandom } from "@ioeventfd/scenario";
import type { Registration } from "@ioeventfd/uapi";
import { assemble } from "@ioeventfd/vmx-sim";
import type { GuestForm } from "./guest_form.ts";
import { guestForms } from "./guest_forms.ts";
import { guestRareForms } from "./guest_rare_forms.ts";
import { id, PIO, registration } from "./question.ts";

/** Bytes that strings and wide stores take from RAM. */
const scratch = Uint8Array.from({ length: 32 }, (_, i) => 0x11 * (i % 15 + 1));

function setup(form: GuestForm, mode: GuestSetup["mode"], offset: number): GuestSetup {
  const long = mode === "long0";
  const code = assemble({ mode: long ? "prot64" : "real", origin: guestLayout.code }, (a) => {
    form.emit(a, { long, at: BigInt(long ? guestLayout.mmio + offset : offset) });
    a.hlt();
  });
  const { insn, tag } = form;
  return { mode, insn, tag, code, esIsMmio: true, scratch, mmioOffset: offset, registrations: [] };
}

/** An access of a guest, as the kernel may be asked about it. */
interface Access extends Pick<Registration, "addr" | "len" | "flags"> {
  readonly value: bigint;
}

/** What a guest was seen to write; of one that does not write what it read, and of one that did neither its operand. */
function accesses({ exits }: GuestObservation, offset: number): Access[] {
  const seen = exits.flatMap((exit) => {
    if (exit.reason === "other") return [];
    const bytes = (exit.data ?? "").match(/../g) ?? [];
    const value = bytes.reduceRight((sum, byte) => sum << 8n | BigInt(`0x${byte}`), 0n);
    const { write } = exit;
    return exit.reason === "mmio"
      ? [{ addr: exit.addr, len: exit.len, flags: 0, value, write }]
      : [{ addr: BigInt(exit.port), len: exit.size, flags: PIO, value, write }];
  });
  const writes = seen.filter(({ write }) => write);
  if (writes.length > 0) return writes;
  if (seen.length > 0) return seen;
  return [{ addr: BigInt(guestLayout.mmio + offset), len: 4, flags: 0, value: 0n }];
}

const lengths: readonly number[] = [1, 2, 4, 8];

/** Doorbells for accesses, in sets of one kind. */
function doorbellsFor(writes: readonly Access[]): Registration[][] {
  const legal = writes.filter(({ len }) => lengths.includes(len));
  const sets = [
    writes.map(({ addr, flags }) => registration(addr, 0, flags)),
    legal.map(({ addr, len, flags, value }) => registration(addr, len, flags, value)),
    legal.map(({ addr, len, flags }) => registration(addr, len, flags)),
    legal.map(({ addr, len, flags, value }) => registration(addr, len, flags, value ^ 1n)),
    writes.slice(-1).map(({ addr, flags }) => registration(addr, 0, flags)),
  ];
  const seen = new Set<string>();
  return sets.map(distinct).filter((set) => {
    const text = JSON.stringify(set, (_, one) => typeof one === "bigint" ? String(one) : one);
    return set.length > 0 && !seen.has(text) && seen.add(text);
  });
}

/** One at each address, so that none is refused. */
function distinct(set: readonly Registration[]): Registration[] {
  return set.filter((one, i) => {
    return set.findIndex(({ addr, flags }) => addr === one.addr && flags === one.flags) === i;
  });
}

/** A few doorbells at an access or beside it, now and then one that is refused. */
function doorbellsNear(random: SeededRandom, writes: readonly Access[]): Registration[] {
  return Array.from({ length: random.below(7) }, () => {
    const { addr, len, flags, value } = random.pick(writes);
    const at = addr + BigInt(random.pick([0, 0, 0, 1, -1, 2, 4, 8]));
    const asked = random.pick([len, len, 0, ...lengths]);
    const legal = asked === 0 || lengths.includes(asked) ? asked : 0;
    if (legal === 0 || random.below(2) === 0) return registration(at, legal, flags);
    const wrong = random.pick([0n, 0n, 0n, 1n, 1n << BigInt(8 * legal), ~0n]);
    return registration(at, legal, flags, BigInt.asUintN(64, value ^ wrong));
  });
}

/** Offsets of random operands: within a page, mostly, and about the end of one. */
function offsetOf(random: SeededRandom): number {
  return random.below(3) > 0 ? random.below(0x80) : 0xff0 + random.below(0x20);
}

/**
 * The questions.
 *
 * @param observe Plays a guest without doorbells, to see what it writes
 * @param random Where chance comes from
 * @param count How many are left to chance
 */
export function* guestQuestions(
  observe: (vector: GuestVector) => GuestVector,
  random: SeededRandom,
  count: number,
): Generator<GuestVector> {
  let number = 0;
  const ask = (guest: GuestSetup): GuestVector => {
    const registrations = guest.registrations.map((one) => ({ ...one, errno: null }));
    const name = id("guest", guest.tag, number++);
    const blank = { counters: [], exits: [], end: "hlt", fault: null };
    return { ...guest, ...blank, id: name, kind: "guest", registrations };
  };
  for (const [forms, sets] of [[guestForms, 5], [guestRareForms, 2]] as const) {
    for (const form of forms) {
      for (const mode of form.modes) {
        for (const offset of form.offsets) {
          const bare = ask(setup(form, mode, offset));
          yield bare;
          for (
            const registrations of doorbellsFor(accesses(observe(bare), offset)).slice(0, sets)
          ) {
            yield ask({ ...bare, registrations });
          }
        }
      }
    }
  }
  const all = [...guestForms, ...guestRareForms];
  for (let left = count; left > 0; left--) {
    const form = random.pick(all), offset = offsetOf(random);
    const scratch = Uint8Array.from({ length: 32 }, () => random.below(256));
    const bare = { ...setup(form, random.pick(form.modes), offset), scratch };
    const registrations = doorbellsNear(random, accesses(observe(ask(bare)), offset));
    yield ask({ ...bare, registrations });
  }
}
