/**
 * Where a file of the kernel defines a name, without a compiler.
 *
 * @module
 */

/** Comments and strings as blanks, so that every other character keeps its place. */
function blank(source: string): string {
  return source.replace(
    /\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"/g,
    (text) => text.replace(/[^\n]/g, " "),
  );
}

/** Offset behind the parenthesis that closes the one at `open`, or -1. */
function closing(text: string, open: number): number {
  for (let i = open, depth = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i + 1;
  }
  return -1;
}

/** A body follows, perhaps after `__must_hold(lock)` and its like: no call, and no prototype. */
function findFunction(text: string, name: string): number {
  // from the first column: a call stands indented; FNAME(name) is how paging_tmpl.h writes it
  const head = new RegExp(
    String.raw`^[A-Za-z_][^\n;={}]*?\b${name}\)?[ \t]*(?=\()|^${name}(?=\()`,
    "gm",
  );
  for (const found of text.matchAll(head)) {
    const end = closing(text, found.index + found[0].length);
    if (end !== -1 && /^(\s*__\w+(\([^)]*\))?)*\s*\{/.test(text.slice(end, end + 200))) {
      return found.index + found[0].search(new RegExp(String.raw`\b${name}\b`));
    }
  }
  return -1;
}

function findMember(text: string, type: string, member: string): number {
  const open = new RegExp(String.raw`^struct ${type}\s*\{`, "m").exec(text);
  if (open === null) return -1;
  const body = text.slice(open.index, text.indexOf("\n}", open.index));
  const found = new RegExp(String.raw`\b${member}\b\s*[;,[:]`).exec(body);
  return found === null ? -1 : open.index + found.index;
}

/** Constants of every `enum`, also of those without a name. */
function findConstant(text: string, name: string): number {
  for (const { index, 0: whole } of text.matchAll(/\benum\b[^;{}()]*\{[^}]*\}/g)) {
    const body = whole.indexOf("{");
    const found = new RegExp(String.raw`[{,]\s*(${name})\b`).exec(whole.slice(body));
    if (found !== null) return index + body + found.index + found[0].lastIndexOf(found[1]!);
  }
  return -1;
}

function findMatch(text: string, pattern: string, name: string): number {
  const found = new RegExp(pattern, "m").exec(text);
  return found === null ? -1 : found.index + found[0].search(new RegExp(String.raw`\b${name}\b`));
}

/**
 * The line on which a file defines a name: a function with its body, a macro, a struct, union or enum, a constant of an
 * enum, a variable, a tracepoint, a system call or what else a `DEFINE_` macro makes. A call, a prototype or a mention is
 * no definition.
 *
 * @param source The file's text
 * @param symbol The name; `FOO_*` stands for any name that begins so, `kvm.ioeventfds` for a member of a struct, an empty
 * one for the file itself
 * @returns The line, counted from 1, or null
 */
export function findDefinition(source: string, symbol: string): number | null {
  if (symbol === "") return 1;
  const text = blank(source);
  const name = symbol.replace(/\*$/, String.raw`\w+`);
  const [type, member] = symbol.split(".");
  const places = member !== undefined ? [findMember(text, type!, member)] : [
    findFunction(text, name),
    findMatch(text, String.raw`^[ \t]*#[ \t]*define[ \t]+${name}\b`, name),
    findMatch(text, String.raw`^(?:typedef )?(?:struct|union|enum) ${name}\s*\{`, name),
    findMatch(
      text,
      String.raw`^(?:DEFINE_|SYSCALL_DEFINE|TRACE_EVENT)\w*\((?:\w+,\s*)?${name}\b`,
      name,
    ),
    findMatch(
      text,
      String
        .raw`^(?!extern |(?:struct|union|enum) \w+;)[A-Za-z_][\w \t*]*\b${name}(?:\[[^\]]*\])*\s*(?:=|;)`,
      name,
    ),
    findConstant(text, name),
  ];
  const first = places.filter((place) => place >= 0).sort((a, b) => a - b)[0];
  return first === undefined ? null : text.slice(0, first).split("\n").length;
}
