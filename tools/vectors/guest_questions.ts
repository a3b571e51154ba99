/**
 * Questions of kind `guest`, systematically: each way to store, in both modes, each with no doorbell, and with doorbells that
 * take its stores by length, by no length, by value, and that just miss them.
 *
 * @module
 */
import { guestLayout, type GuestObservation, type GuestSetup } from "@ioeventfd/conform";
import type { GuestVector } from "@ioeventfd/conform";
import type { Registration } from "@ioeventfd/uapi";
import { assemble } from "@ioeventfd/vmx-sim";
import { type GuestForm, guestForms } from "./guest_forms.ts";
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

/** Doorbells for what a guest was seen to write, in sets of one kind. */
function doorbellsFor({ exits }: GuestObservation): Registration[][] {
  const writes = exits.flatMap((exit) => {
    if (exit.reason === "other" || !exit.write || exit.data === null) return [];
    const bytes = exit.data.match(/../g)!.map((byte) => parseInt(byte, 16));
    const value = bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
    return exit.reason === "mmio"
      ? [{ addr: exit.addr, len: exit.len, flags: 0, value }]
      : [{ addr: BigInt(exit.port), len: exit.size, flags: PIO, value }];
  });
  const legal = writes.filter(({ len }) => [1, 2, 4, 8].includes(len));
  const sets = [
    writes.map(({ addr, flags }) => registration(addr, 0, flags)),
    legal.map(({ addr, len, flags }) => registration(addr, len, flags)),
    legal.map(({ addr, len, flags, value }) => registration(addr, len, flags, value)),
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

/**
 * The questions.
 *
 * @param observe Plays a guest without doorbells, to see what it writes
 */
export function* guestQuestions(
  observe: (vector: GuestVector) => GuestVector,
): Generator<GuestVector> {
  let number = 0;
  const ask = (guest: GuestSetup): GuestVector => {
    const registrations = guest.registrations.map((one) => ({ ...one, errno: null }));
    const name = id("guest", guest.tag, number++);
    const blank = { counters: [], exits: [], end: "hlt", fault: null };
    return { ...guest, ...blank, id: name, kind: "guest", registrations };
  };
  for (const form of guestForms) {
    for (const mode of form.modes) {
      for (const offset of form.offsets) {
        const bare = ask(setup(form, mode, offset));
        yield bare;
        for (const registrations of doorbellsFor(observe(bare))) {
          yield ask({ ...bare, registrations });
        }
      }
    }
  }
}
