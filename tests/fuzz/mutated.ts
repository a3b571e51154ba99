import fc from "fast-check";

/** One change to a text: what stands there is left out, doubled, moved or replaced. */
interface Edit {
  readonly op: "delete" | "double" | "replace" | "insert" | "truncate" | "graft";
  /** Where, as a share of the text in 2^-32. */
  readonly at: number;
  /** How much, in characters. */
  readonly length: number;
  /** What is put there. */
  readonly token: string;
}

/** What breaks parsers: edges of number types, brackets, separators, and text that is not ASCII. */
const tokens: readonly string[] = [
  ...[
    "0",
    "-1",
    "1",
    "9007199254740993",
    "0x7fffffffffffffff",
    "0xffffffffffffffff",
    "1e999",
    "0x",
  ],
  ...["0x10000000000000000", "4294967295", "4294967296", "-2147483649", "NaN", "Infinity", "00"],
  ...["{", "}", "[", "]", '"', "\\", ",", ":", "=", " ", "\t", "\n", "\r\n", "\0", "#", "/", "..."],
  ...["null", "true", "{}", "[]", '""', "__proto__", "constructor", "toString", "é", "\u{1f600}"],
  ...["\ufeff", "\ud800", "\u2028", "ret -17", "fd 4", "KVM_IOEVENTFD:", "kvm_exit: "],
];

function applied(text: string, { op, at, length, token }: Edit, others: readonly string[]): string {
  const start = Math.floor((at / 2 ** 32) * (text.length + 1)), end = start + length;
  const before = text.slice(0, start), after = text.slice(end);
  switch (op) {
    case "delete":
      return before + after;
    case "double":
      return before + text.slice(start, end) + text.slice(start);
    case "replace":
      return before + token + after;
    case "insert":
      return before + token + text.slice(start);
    case "truncate":
      return before;
    case "graft": {
      const other = others[at % others.length]!;
      return before + other.slice(start % (other.length + 1));
    }
  }
}

/**
 * Texts that are almost like one of some examples.
 *
 * @param examples What a parser accepts
 * @returns An example with up to 6 edits; it shrinks to fewer
 */
export function mutated(examples: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    op: fc.constantFrom("delete", "double", "replace", "insert", "truncate", "graft"),
    at: fc.nat({ max: 2 ** 32 - 1 }),
    length: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 300 })),
    token: fc.oneof(fc.constantFrom(...tokens), fc.string({ maxLength: 4 })),
  });
  return fc.tuple(fc.constantFrom(...examples), fc.array(edit, { maxLength: 6 }))
    .map(([example, edits]) => edits.reduce((text, one) => applied(text, one, examples), example));
}
