/**
 * HTML that data cannot break out of.
 *
 * @module
 */

/** Markup that is safe to put on a page as it is. */
export class Html {
  readonly #markup: string;

  /**
   * Markup as it is.
   *
   * @param markup Of this package's own making: data comes in through {@linkcode markup}
   */
  constructor(markup: string) {
    this.#markup = markup;
  }

  /** The markup. */
  toString(): string {
    return this.#markup;
  }
}

/** What may stand between markup: text and numbers are escaped, null and undefined are nothing. */
export type HtmlPart = Html | string | number | null | undefined | readonly HtmlPart[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text as markup. Control characters, and those that change the direction of what follows, become U+FFFD.
 *
 * @param text Any text
 */
export function escapeHtml(text: string): string {
  return text
    // deno-lint-ignore no-control-regex -- they are what is looked for
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => entities[character]!);
}

/**
 * Markup with data in it. Attributes with data in them are to be quoted.
 */
export function markup(texts: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return new Html(texts.map((text, i) => i === 0 ? text : render(parts[i - 1]) + text).join(""));
}

/**
 * JSON for a `<script type="application/json">`: nothing in it ends the element.
 *
 * @param value What `JSON.stringify` takes
 */
export function scriptJson(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );
}

function render(part: HtmlPart): string {
  if (part === null || part === undefined) return "";
  if (part instanceof Html) return part.toString();
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return part.map(render).join("");
}
