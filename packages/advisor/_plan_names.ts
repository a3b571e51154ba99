import type { Plan } from "./plan_report.ts";

/** Identifiers of C and Rust for the eventfds of a plan, by their names, in order of first use. */
export function eventfdIdentifiers({ steps }: Plan): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const identifiers = new Map<string, string>();
  for (const { eventfd } of steps) {
    if (identifiers.has(eventfd)) continue;
    const words = eventfd.toLowerCase().match(/[a-z0-9]+/g) ?? [];
    const plain = ["efd", ...words].join("_").slice(0, 44).replace(/_$/, "");
    let identifier = plain;
    for (let i = 2; taken.has(identifier); i++) identifier = `${plain}_${i}`;
    taken.add(identifier);
    identifiers.set(eventfd, identifier);
  }
  return identifiers;
}

/** What a step does and what it opens and closes, for a comment on it. */
export function remarks(plan: Plan, number: number): string[] {
  return plan.windows.flatMap(({ opens, closes, writes, kernels }) => {
    const on = kernels.length < plan.checked.length ? ` on ${kernels.join(", ")}` : "";
    const what = writes.length === 0
      ? "the eventfd has no doorbell"
      : `its writes exit to userspace${on}`;
    return opens !== number
      ? []
      : [closes === null ? `from here on ${what}` : `until step ${closes} ${what}`];
  });
}

/** Text that cannot end a comment of C or Rust. */
export function commentText(text: string): string {
  return text.replaceAll("*/", "* /").replaceAll(/[\r\n]+/g, " ");
}
