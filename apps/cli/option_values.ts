/**
 * The options of a command line, by name.
 *
 * @module
 */

/** Options as given; asking for one that the command does not have is a TypeError. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, boolean | string | readonly string[]>;
  readonly #known: ReadonlySet<string>;

  /** @param known Names in the option table @param values Those given */
  constructor(
    known: Iterable<string>,
    values: ReadonlyMap<string, boolean | string | readonly string[]>,
  ) {
    this.#known = new Set(known);
    this.#values = values;
  }

  /** Whether it was given at all. */
  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  /** A switch: true when given, false with `--no-NAME` or when left out. */
  flag(name: string): boolean {
    return this.#get(name) === true;
  }

  /** The value of an option, or undefined when left out. */
  text(name: string): string | undefined {
    const value = this.#get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** All values of an option that may be repeated, in order. */
  texts(name: string): readonly string[] {
    const value = this.#get(name);
    if (value === undefined || typeof value === "boolean") return [];
    return typeof value === "string" ? [value] : value;
  }

  #get(name: string): boolean | string | readonly string[] | undefined {
    if (!this.#known.has(name)) throw new TypeError(`No option "${name}" in the table`);
    return this.#values.get(name);
  }
}
