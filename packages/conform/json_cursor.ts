/**
 * Strict reading of JSON values with errors that name the file, the line and the place in the document.
 *
 * @module
 */

/** Input that is not what it should be: `FILE:LINE: /pointer: what is wrong and what would be right`. */
export class InputSyntaxError extends SyntaxError {
  /** Class name. */
  override readonly name: string = "InputSyntaxError";
  /** File or other name of the input. */
  readonly source: string;
  /** Line from 1. */
  readonly line: number;
  /** JSON pointer within the line's document, empty for the document itself. */
  readonly pointer: string;

  /**
   * An error with its place.
   *
   * @param where Source, line and pointer
   * @param problem What is wrong
   */
  constructor(where: { source: string; line: number; pointer?: string }, problem: string) {
    const pointer = where.pointer ?? "";
    super(`${where.source}:${where.line}: ${pointer === "" ? "" : `${pointer}: `}${problem}`);
    this.source = where.source;
    this.line = where.line;
    this.pointer = pointer;
  }
}

const u64End = 1n << 64n;

/** A JSON value and where it stands. */
export class JsonCursor {
  /** The value as `JSON.parse` gave it. */
  readonly value: unknown;
  readonly #source: string;
  readonly #line: number;
  readonly #pointer: string;

  /**
   * A cursor on a value.
   *
   * @param value Parsed JSON
   * @param source Name of the input
   * @param line Line from 1
   * @param pointer JSON pointer
   */
  constructor(value: unknown, source: string, line: number, pointer = "") {
    this.value = value;
    this.#source = source;
    this.#line = line;
    this.#pointer = pointer;
  }

  /**
   * Parses one document.
   *
   * @param text JSON
   * @param source Name of the input
   * @param line Line on which the document begins
   * @returns A cursor on the document
   * @throws {InputSyntaxError} when it is not JSON, saying so plainly where it is only cut off
   */
  static parse(text: string, source: string, line: number): JsonCursor {
    try {
      return new JsonCursor(JSON.parse(text), source, line);
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      const cutOff = endsEarly(text, message);
      throw new InputSyntaxError(
        { source, line },
        cutOff ? "JSON that ends too early: is the file cut off?" : `not JSON: ${quote(text)}`,
      );
    }
  }

  /** Refuses the value, saying what is wrong with it. */
  fail(problem: string): never {
    const where = { source: this.#source, line: this.#line, pointer: this.#pointer };
    throw new InputSyntaxError(where, problem);
  }

  /** The value as an object's fields; anything else is refused. */
  object(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.fail(`expected an object, got ${describe(value)}`);
    }
    return value as Record<string, unknown>;
  }

  /** A field that must be there. */
  field(name: string): JsonCursor {
    return this.optional(name) ?? this.fail(`"${name}" is missing`);
  }

  /** A field that may be left out. */
  optional(name: string): JsonCursor | undefined {
    const object = this.object();
    return Object.hasOwn(object, name) ? this.#child(name, object[name]) : undefined;
  }

  /** The elements of an array. */
  array(): JsonCursor[] {
    const { value } = this;
    if (!Array.isArray(value)) return this.fail(`expected an array, got ${describe(value)}`);
    return value.map((element, i) => this.#child(String(i), element));
  }

  /** A string. */
  string(): string {
    const { value } = this;
    return typeof value === "string"
      ? value
      : this.fail(`expected a string, got ${describe(value)}`);
  }

  /** True or false. */
  boolean(): boolean {
    const { value } = this;
    return typeof value === "boolean"
      ? value
      : this.fail(`expected true or false, got ${describe(value)}`);
  }

  /** One of a few strings. */
  oneOf<const T extends string>(choices: readonly T[]): T {
    const text = this.string();
    return choices.find((choice) => choice === text) ??
      this.fail(`"${text}" is not one of ${choices.join(", ")}`);
  }

  /** Like `array` or `string` and so on, with null for JSON null. */
  nullable<T>(read: (cursor: JsonCursor) => T): T | null {
    return this.value === null ? null : read(this);
  }

  /** A whole number, also spelled as a hex or decimal string, within bounds. */
  integer(least: number, most: number): number {
    const value = this.#whole();
    if (value < BigInt(least) || value > BigInt(most)) {
      return this.fail(`${describe(this.value)} is not from ${least} to ${most}`);
    }
    return Number(value);
  }

  /** A u32. */
  u32(): number {
    return this.integer(0, 0xffff_ffff);
  }

  /** A u64: a hex string, or a number that JSON keeps exact. */
  u64(): bigint {
    const value = this.#whole();
    if (value < 0n) return this.fail(`${describe(this.value)} is negative, a u64 is not`);
    if (value >= u64End) return this.fail(`${describe(this.value)} does not fit 64 bits`);
    return value;
  }

  /** Bytes spelled as hex digits. */
  bytes(): Uint8Array {
    const text = this.string();
    if (!/^([0-9a-f]{2})*$/i.test(text)) {
      return this.fail(`expected pairs of hex digits, got ${quote(text)}`);
    }
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }

  #child(name: string, value: unknown): JsonCursor {
    const escaped = name.replaceAll("~", "~0").replaceAll("/", "~1");
    return new JsonCursor(value, this.#source, this.#line, `${this.#pointer}/${escaped}`);
  }

  #whole(): bigint {
    const { value } = this;
    if (typeof value === "string") {
      if (/^(0x[0-9a-f]{1,32}|[0-9]{1,39})$/i.test(value)) return BigInt(value);
      return this.fail(`${quote(value)} is not a number; write it like "0xfebfb000"`);
    }
    if (typeof value !== "number") return this.fail(`expected a number, got ${describe(value)}`);
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (!Number.isInteger(value)) return this.fail(`${value} is not a whole number`);
    return this.fail(
      `JSON does not keep a number beyond 2^53 exact: write it as a hex string like "0x${
        BigInt(value).toString(16)
      }"`,
    );
  }
}

/** Whether it would be JSON if it went on: the parser gave up at the very end, within a string, array or object. */
function endsEarly(text: string, message: string): boolean {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined && Number(position) < text.trimEnd().length) {
    return message.startsWith("Unterminated string");
  }
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/gs, "");
  const opened = outside.match(/[[{]/g)?.length ?? 0;
  return outside.includes('"') || opened > (outside.match(/[\]}]/g)?.length ?? 0);
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? quote(value) : String(value);
}

function quote(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 40 ? `"${clean.slice(0, 40)}…"` : `"${clean}"`;
}
