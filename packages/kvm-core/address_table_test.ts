// The two tables that ioeventfds are looked up in, against a Map, and how full they get.
import { assertEquals } from "@std/assert";
import { AddressTable, META, TAG } from "./_address_table.ts";
import { DatamatchIndex } from "./_datamatch_index.ts";

/** Small numbers that look random, the same each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed;;) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    yield state >>> 8;
  }
}

function slots({ records }: AddressTable): number {
  return records.length / 4;
}

/** Everything in a table by address, each found where it lies. */
function contents(table: AddressTable): Map<string, number> {
  const found = new Map<string, number>();
  for (let at = 0; at < table.records.length; at += 4) {
    if (table.records[at + TAG] === 0) continue;
    const lo = table.records[at]!, hi = table.records[at + 1]!;
    assertEquals(table.find(lo, hi), at);
    found.set(`${hi} ${lo}`, table.records[at + META]!);
  }
  return found;
}

Deno.test("AddressTable holds what a Map would, through growth, shrinking and deletions in any order", () => {
  for (const [count, stride] of [[3, 1], [40, 1], [300, 16], [300, 4096], [40, 2 ** 28]] as const) {
    const table = new AddressTable(), map = new Map<string, number>();
    const drawn = numbers(count);
    for (let step = 0; step < 12 * count; step++) {
      const [number] = [drawn.next().value % count];
      const lo = Math.imul(number >>> 1, stride), hi = number & 1;
      const key = `${hi} ${lo}`, at = table.find(lo, hi);
      assertEquals(at >= 0, map.has(key));
      // More and more at first, fewer and fewer then.
      if (at < 0 && (step < 6 * count || step % 3 === 0)) {
        table.makeRoom();
        const claimed = table.claim(lo, hi, -1 - number, step);
        assertEquals(claimed, table.find(lo, hi));
        map.set(key, step);
      } else if (at >= 0) {
        table.drop(at);
        map.delete(key);
      }
      assertEquals(table.count, map.size);
      if (step % 7 === 0) assertEquals(contents(table), map);
    }
    assertEquals(contents(table), map);
  }
});

Deno.test("AddressTable is at most a third full and at least a twelfth, from 4 records on", () => {
  const table = new AddressTable();
  assertEquals([slots(table), table.mask], [4, 15]);
  const sizes = new Set<number>();
  const check = (): void => {
    sizes.add(slots(table));
    assertEquals(table.mask, table.records.length - 1);
    assertEquals(table.count <= 1 + slots(table) / 3, true, `${table.count}`);
    assertEquals(slots(table) === 4 || table.count * 12 >= slots(table), true, `${table.count}`);
  };
  for (let number = 0; number < 1000; number++) {
    table.makeRoom();
    table.claim(number * 16, 0, 1, 0);
    check();
  }
  for (let number = 0; number < 1000; number++) {
    const at = table.find(number * 16, 0);
    assertEquals(at >= 0, true, `${number}`);
    table.drop(at);
    check();
  }
  assertEquals([...sizes], [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
});

Deno.test("AddressTable finds most addresses at their home, whatever is between them", () => {
  for (const stride of [1, 4, 8, 16, 0x100, 0x1000, 0x1_0000, 0x10_0004]) {
    for (const hi of [0, 1]) {
      const table = new AddressTable();
      for (let number = 0; number < 1000; number++) {
        table.makeRoom();
        table.claim(Math.imul(number, stride), hi * number, 1, 0);
      }
      let away = 0;
      for (let at = 0; at < table.records.length; at += 4) {
        if (table.records[at + TAG] === 0) continue;
        const home = table.home(table.records[at]!, table.records[at + 1]!);
        away += ((at - home) & table.mask) / 4;
      }
      assertEquals(away < 250, true, `${stride} ${hi}: ${away}`);
    }
  }
});

Deno.test("tables do not share what is in them", () => {
  const [one, other] = [new AddressTable(), new AddressTable()];
  one.makeRoom();
  one.claim(0x1000, 0, 1, 0);
  assertEquals([one.find(0x1000, 0) >= 0, other.find(0x1000, 0)], [true, -1]);
  const key = { lo: 0x1000, hi: 0, len: 4, wildcard: false, datamatchLo: 1, datamatchHi: 0 };
  const [values, none] = [new DatamatchIndex(), new DatamatchIndex()];
  values.set(key, 5);
  assertEquals([values.find(0x1000, 0, 4, 1, 0), none.find(0x1000, 0, 4, 1, 0)], [5, -1]);
});

Deno.test("DatamatchIndex holds what a Map would, and keys that differ in one word apart", () => {
  for (const count of [10, 60, 700]) {
    const index = new DatamatchIndex(), map = new Map<number, number>();
    const empty = index.bytes, drawn = numbers(count);
    const keyOf = (number: number) => ({
      ...{ lo: 0x1000 + (number & 1) * 8, hi: number >>> 1 & 1, len: 4 << (number >>> 2 & 1) },
      ...{
        wildcard: (number & 24) === 24,
        datamatchLo: number >>> 5,
        datamatchHi: number >>> 3 & 3,
      },
    });
    for (let step = 0; step < 12 * count; step++) {
      const number = drawn.next().value % count, key = keyOf(number);
      if (map.has(number)) {
        index.delete(key);
        map.delete(number);
      } else if (step < 6 * count || step % 3 === 0) {
        index.set(key, step);
        map.set(number, step);
      } else {
        index.delete(key); // which is not there
      }
      if (step % (count >>> 3) !== 0) continue;
      for (let each = 0; each < count; each++) {
        const { lo, hi, len, wildcard, datamatchLo, datamatchHi } = keyOf(each);
        const found = index.find(lo, hi, wildcard ? len | 16 : len, datamatchLo, datamatchHi);
        assertEquals(found, map.get(each) ?? -1, `${each}`);
      }
      const slots = index.bytes / 24;
      assertEquals(map.size * 2 <= slots && (slots === 16 || map.size * 8 >= slots), true);
    }
    for (const number of map.keys()) index.delete(keyOf(number));
    assertEquals(index.bytes, empty);
  }
});

Deno.test("DatamatchIndex takes away the key that it is told, not one that differs in a word", () => {
  const words = [0x1000, 1, 4, 7, 9];
  const key = ([lo, hi, len, datamatchLo, datamatchHi]: readonly number[]) => (
    {
      lo: lo!,
      hi: hi!,
      len: len!,
      wildcard: false,
      datamatchLo: datamatchLo!,
      datamatchHi: datamatchHi!,
    }
  );
  for (let word = 0; word < words.length; word++) {
    for (let step = 1; step < 100; step++) {
      const other = words.with(word, words[word]! + step);
      const index = new DatamatchIndex();
      const there = (): number[] =>
        [words, other].map(([lo, hi, len, dlo, dhi]) => index.find(lo!, hi!, len!, dlo!, dhi!));
      index.set(key(words), 1);
      index.delete(key(other));
      assertEquals(there(), [1, -1]);
      index.set(key(other), 2);
      assertEquals(there(), [1, 2]);
      index.delete(key(other));
      assertEquals(there(), [1, -1], `word ${word}, ${step}`);
    }
  }
});
