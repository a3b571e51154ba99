/**
 * A vector as a scenario: a module that plays it on the model or on a live kernel.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import { showResult } from "./history.ts";
import type { GuestVector, HistoryVector } from "./vector.ts";

const width = 100;

/**
 * The text of a module that exports a vector as a `scenario`: `ioeventfd run --backend kvm FILE` plays it.
 *
 * @param vector A history or a guest
 * @param paging How the model is to translate guest addresses: as the host does on which it was observed
 * @returns TypeScript
 *
 * @example
 * ```ts
 * import { scenarioText } from "@ioeventfd/conform";
 *
 * const does = { op: "eventfd", fd: 0, initial: 0, flags: 0 } as const;
 * const text = scenarioText({ kind: "history", id: "a", vms: 1, steps: [{ does, gives: { errno: null } }] });
 * if (!text.includes('[{ op: "eventfd", fd: 0, initial: 0, flags: 0 }, "ok"],')) throw new Error(text);
 * ```
 */
export function scenarioText(
  vector: GuestVector | HistoryVector,
  paging: "ept" | "shadow" = "shadow",
): string {
  const isHistory = vector.kind === "history";
  const [before, play] = isHistory ? historyText(vector, paging) : guestText(vector);
  const name = vector.id.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return `${before}
export const scenario: Scenario = {
  name: ${JSON.stringify(name)},
  about: "A ${vector.kind} made by ioeventfd conform, with what its judge did",
  paging: ${JSON.stringify(paging)},
  play(stage) {
${play}
  },
};
`;
}

/** What comes before the scenario, and what it plays. */
type Parts = readonly [before: string, play: string];

/** With EPT it is the model's CPU that writes, as a live kernel's does anyway. */
function historyText({ vms, steps }: HistoryVector, paging: "ept" | "shadow"): Parts {
  const lines = steps.map(({ does, gives }) =>
    `  [${literal(does)}, ${JSON.stringify(showResult(gives))}],`
  );
  const isEpt = paging === "ept";
  const ops = "steps.map(([op]) => op)";
  const played = isEpt
    ? `    const writes = new CpuWritesBackend({ release: stage.release, paging: "ept" });
    using kvm = writes.open();
    const system = stage.backend === "kvm" ? stage.kvm : kvm;
    const results = playHistoryOn(system, ${vms}, ${ops});`
    : `    const results = playHistoryOn(stage.kvm, ${vms}, ${ops});`;
  const writes = isEpt ? 'import { CpuWritesBackend } from "@ioeventfd/conform/random";\n' : "";
  const before = `import { type HistoryOp, playHistoryOn, showResult } from "@ioeventfd/conform";
${writes}import type { Scenario } from "@ioeventfd/scenario";

/** What is done, and what comes of it. */
const steps: readonly (readonly [HistoryOp, string])[] = [
${lines.join("\n")}
];
`;
  const play = `${played}
    steps.forEach(([{ op }, expected], i) => {
      stage.expectEqual(\`\${op} in step \${i}\`, showResult(results[i]!), expected);
    });`;
  return [before, play];
}

function guestText(vector: GuestVector): Parts {
  const { kind: _kind, id: _id, counters, exits, end, fault, regs, ...guest } = vector;
  const { registrations } = guest;
  const observed = { registrations, counters, exits, end, fault, regs };
  const before = `import {
  guestDifferences,
  type GuestObservation,
  type GuestSetup,
  playGuestOn,
} from "@ioeventfd/conform";
import type { Scenario } from "@ioeventfd/scenario";

const guest: GuestSetup = ${literal(guest, "")};

const expected: GuestObservation = ${literal(observed, "")};
`;
  const play = `    const observed = playGuestOn(stage.kvm, guest)!;
    const differences = guestDifferences(expected, observed).map(({ what, actual, expected }) =>
      \`\${what}: \${actual} instead of \${expected}\`
    );
    stage.expectEqual("what differs", differences.join("; "), "");`;
  return [before, play];
}

/** A value as TypeScript: u64s in hex; over several lines where it is told an indent and one is too short. */
function literal(value: unknown, indent?: string): string {
  const flat = flatLiteral(value);
  if (indent === undefined || indent.length + flat.length < width) return flat;
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return flat;
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((one) => literal(one, inner))
    : entries(value).map(([key, one]) => `${key}: ${literal(one, inner)}`);
  const lines = parts.map((part) => `${inner}${part},\n`).join("");
  return isList ? `[\n${lines}${indent}]` : `{\n${lines}${indent}}`;
}

function flatLiteral(value: unknown): string {
  if (typeof value === "bigint") return `${hex(value)}n`;
  if (value instanceof Uint8Array) {
    return `Uint8Array.of(${Array.from(value, (byte) => hex(byte)).join(", ")})`;
  }
  if (Array.isArray(value)) return `[${value.map(flatLiteral).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${entries(value).map(([key, one]) => `${key}: ${flatLiteral(one)}`).join(", ")} }`;
}

function entries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, one]) => one !== undefined);
}
