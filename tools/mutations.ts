/**
 * Small mistakes that can be made in a source, found in its text.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

/** One mistake. */
export interface Mutation {
  /** First character replaced. */
  readonly at: number;
  /** What is there. */
  readonly find: string;
  /** What is there instead. */
  readonly replace: string;
}

/** Operators, with a space on either side, and what each could be mistaken for. */
const operators: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "*": ["+"],
  "&": ["|"],
  "|": ["&"],
  "^": ["|"],
  "<<": [">>>"],
  ">>>": ["<<"],
  "+=": ["-="],
  "-=": ["+="],
};

/** Comments, strings and templates. */
const unread =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** A statement of one line that declares nothing, ends nothing, and could be forgotten. */
const statement =
  /^ +(?=\S)(?!(?:return|throw|break|continue|const|let|case|default|if|else|for|while|readonly|static)\b)[^{}\n]*;$/gm;

/**
 * Every mistake of the kinds known here: comparisons that are off by one or turned, conditions that always or never
 * hold or lose one side, sums and shifts that go the other way, numbers one too high, truths turned, statements
 * forgotten.
 *
 * @param source TypeScript
 * @returns The mistakes, in the order of the text; each still parses
 */
export function mutationsOf(source: string): Mutation[] {
  const code = stripTypeScriptTypes(source).replace(unread, (text) => text.replace(/[^\n]/g, "·"));
  if (code.length !== source.length) throw new Error("Types were stripped to another length");
  const found: Mutation[] = [];
  const add = (at: number, find: string, replace: string): void => {
    if (source.slice(at, at + find.length) === find) found.push({ at, find, replace });
  };
  for (const { index, 1: sign } of code.matchAll(/(?<=\s)([<>=!&|+*^-]{1,3})(?=\s)/g)) {
    for (const other of operators[sign!] ?? []) add(index, sign!, other);
  }
  for (const { index, 0: sign } of code.matchAll(/ (&&|\|\|)\s/g)) {
    const [start, end] = operandsAround(code, index, sign.length);
    const left = source.slice(start, index), right = source.slice(index + sign.length, end);
    add(start, source.slice(start, end), left);
    add(start, source.slice(start, end), right);
  }
  for (const { index, 0: head } of code.matchAll(/\bif \(/g)) {
    const start = index + head.length, end = closing(code, start);
    for (const always of ["true", "false"]) add(start, source.slice(start, end), always);
  }
  for (const { index, 0: sign } of code.matchAll(/\+\+|--/g)) {
    add(index, sign, sign === "++" ? "--" : "++");
  }
  for (
    const { index, 0: digits } of code.matchAll(/(?<![\w.$#])(?:0x[\da-f_]+|\d[\d_]*)n?(?!\w)/g)
  ) {
    const value = BigInt(digits.replace(/_|n$/g, "")) + 1n;
    add(index, digits, `${value}${digits.endsWith("n") ? "n" : ""}`);
  }
  for (const { index, 0: truth } of code.matchAll(/\b(true|false)\b/g)) {
    add(index, truth, truth === "true" ? "false" : "true");
  }
  for (const { index } of code.matchAll(/!(?=[\w(#])(?!=)/g)) add(index, "!", "");
  for (const { index, 0: line } of code.matchAll(statement)) {
    const text = source.slice(index, index + line.length).trim();
    const isField = /^[\w#]+\s*;$/.test(line.trim());
    if (balanced(text) && !isField) add(index + line.length - text.length, text, ";");
  }
  return found.filter((mutation) => parses(mutated(source, mutation)))
    .sort((a, b) => a.at - b.at);
}

/**
 * Makes a mistake.
 *
 * @param source The text it was found in
 * @param mutation The mistake
 * @returns The text with it
 */
export function mutated(source: string, { at, find, replace }: Mutation): string {
  return source.slice(0, at) + replace + source.slice(at + find.length);
}

/**
 * A mistake as a reader sees it, and as `docs/mutation.md` lists it: the lines before and after.
 *
 * @param source The text it was found in
 * @param mutation The mistake
 * @returns Lines that begin with `-` or `+`, without their indentation
 */
export function showMutation(source: string, mutation: Mutation): string {
  const first = source.lastIndexOf("\n", mutation.at - 1) + 1;
  const afterLast = source.indexOf("\n", mutation.at + mutation.find.length);
  const after = mutated(source, mutation);
  const end = afterLast + mutation.replace.length - mutation.find.length;
  return [["-", source.slice(first, afterLast)], ["+", after.slice(first, end)]]
    .flatMap(([sign, text]) => text!.split("\n").map((line) => `${sign} ${line.trim()}`.trimEnd()))
    .join("\n");
}

function parses(source: string): boolean {
  try {
    stripTypeScriptTypes(source);
    return true;
  } catch {
    return false;
  }
}

const opening = "([{", closed = ")]}";

/** Where the bracket before a place is closed. */
function closing(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at++) {
    if (opening.includes(code[at]!)) depth++;
    else if (closed.includes(code[at]!) && --depth === 0) return at;
  }
  return code.length;
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const letter of text) {
    if (opening.includes(letter)) depth++;
    else if (closed.includes(letter) && --depth < 0) return false;
  }
  return depth === 0;
}

/** What stands before an operand of && and ||, and what behind it, at its own depth. */
const operandBegins = /(?: && | \|\| | &&\n\s*| \|\|\n\s*| \? | : | = |[;,]\s*|=>\s*|return )$/;
const operandEnds = /^(?: && | \|\| | &&\n| \|\|\n| \? | : | = |[;,]|=>)/;

/** First character of the left operand of && or ||, and the one behind the right operand. */
function operandsAround(code: string, at: number, length: number): [start: number, end: number] {
  let start = at, end = at + length;
  for (let depth = 0; start > 0; start--) {
    const letter = code[start - 1]!;
    if (closed.includes(letter)) depth++;
    else if (opening.includes(letter) && --depth < 0) break;
    if (depth === 0 && operandBegins.test(code.slice(Math.max(0, start - 40), start))) break;
  }
  for (let depth = 0; end < code.length; end++) {
    const letter = code[end]!;
    if (opening.includes(letter)) depth++;
    else if (closed.includes(letter) && --depth < 0) break;
    if (depth === 0 && operandEnds.test(code.slice(end, end + 8))) break;
  }
  return [start, end];
}
