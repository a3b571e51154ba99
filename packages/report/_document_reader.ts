/**
 * Reading JSON that anybody may have written.
 *
 * @module
 */

/** Characters of a text, and items of a list or object, at most: more is no document of ours. */
const longestText = 2000, mostItems = 500;

/** A value of a document, and where it stands there. */
export class DocumentReader {
  readonly #value: unknown;
  readonly #path: string;

  /**
   * Begins at a value.
   *
   * @param value What `JSON.parse` gave
   * @param path What to call it in errors
   */
  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  /** Whether it is there. */
  get isThere(): boolean {
    return this.#value !== undefined && this.#value !== null;
  }

  /** A field of an object. */
  field(name: string): DocumentReader {
    const object = this.#object();
    return new DocumentReader(
      Object.hasOwn(object, name) ? object[name] : undefined,
      `${this.#path}.${name}`,
    );
  }

  /** All fields of an object, in its order. */
  fields(): [name: string, value: DocumentReader][] {
    const entries = Object.entries(this.#object());
    if (entries.length > mostItems) throw this.#wrong(`has more than ${mostItems} fields`);
    return entries.map(([name, value]) => {
      if (name.length > longestText) throw this.#wrong("has a field with too long a name");
      return [name, new DocumentReader(value, `${this.#path}.${name.slice(0, 40)}`)];
    });
  }

  /** The items of a list. */
  items(): DocumentReader[] {
    if (!Array.isArray(this.#value)) throw this.#wrong("is not a list");
    if (this.#value.length > mostItems) throw this.#wrong(`has more than ${mostItems} items`);
    return this.#value.map((item, i) => new DocumentReader(item, `${this.#path}[${i}]`));
  }

  /** A text. */
  text(): string {
    if (typeof this.#value !== "string") throw this.#wrong("is not a text");
    if (this.#value.length > longestText) throw this.#wrong("is too long a text");
    return this.#value;
  }

  /** A number from 0 on. */
  number(): number {
    const value = this.#value;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
      throw this.#wrong("is not a number from 0 on");
    }
    return value;
  }

  /** A number of either sign: a difference. */
  signed(): number {
    const value = this.#value;
    if (typeof value !== "number" || !Number.isFinite(value)) throw this.#wrong("is not a number");
    return value;
  }

  /** A number from 0 on, or null where there is none. */
  numberOrNull(): number | null {
    return this.isThere ? this.number() : null;
  }

  /** The fields that are numbers, or null; others are left out. */
  numbers(): Record<string, number | null> {
    return Object.fromEntries(
      this.fields()
        .filter(([, { value }]) => typeof value === "number" || value === null)
        .map(([name, value]) => [name, value.numberOrNull()]),
    );
  }

  /** The value itself. */
  get value(): unknown {
    return this.#value;
  }

  #object(): Readonly<Record<string, unknown>> {
    if (typeof this.#value !== "object" || this.#value === null || Array.isArray(this.#value)) {
      throw this.#wrong("is not an object");
    }
    return this.#value as Readonly<Record<string, unknown>>;
  }

  #wrong(what: string): SyntaxError {
    return new SyntaxError(`${this.#path} ${what}`);
  }
}
