/**
 * What a kernel answers to one registration, and why.
 *
 * @module
 */
import type { ErrnoName, KernelRelease, KvmErrorReason, Registration } from "@ioeventfd/uapi";
import { latestRelease } from "@ioeventfd/uapi";
import { judgeAll } from "./_judge.ts";
import type { Finding } from "./lint_report.ts";
import type { RegistrationSet } from "./registration_set.ts";
import { SetModel } from "./_set_model.ts";

/** The answer of one release. */
export interface Explanation {
  /** Name of the release. */
  readonly kernel: string;
  /** The errno, or null when it is accepted. */
  readonly errno: ErrnoName | null;
  /** Name of the check that refused: `length`, `wrap`, `flags`, `zero-length`, `collision`, `bus-full`, … */
  readonly check: string | null;
  /** One sentence with every number in hex; empty when accepted. */
  readonly detail: string;
  /** Step of the history collided with. */
  readonly collidesWith: number | null;
  /** The clause of the collision rule. */
  readonly clause: NonNullable<KvmErrorReason["clause"]> | null;
  /** Once accepted, whether it fires; null when refused. */
  readonly finding: Finding | null;
  /** Steps of the history that lose writes to it once it is accepted: each is dead, or dead for some lengths. */
  readonly hides: readonly number[];
  /** Steps of the history that this release refuses. */
  readonly refusedBefore: readonly number[];
}

/**
 * Explains one registration after a history, on one release.
 *
 * @param registration What is to be registered, legal or not
 * @param history What was done before
 * @param release The kernel asked
 * @returns errno, check, collision and clause; or, accepted, whether any write will signal it
 *
 * @example
 * ```ts
 * import { explain, parseRegistrationSet } from "@ioeventfd/advisor";
 *
 * const history = parseRegistrationSet('[{"addr":"0xfebfb000","len":0,"name":"queue 0"}]');
 * const added = { addr: 0xfebfb000n, len: 4, flags: 0, datamatch: 0n };
 * const { errno, collidesWith, clause } = explain(added, history);
 * if (errno !== "EEXIST" || collidesWith !== 0) throw new Error("it collides");
 * if (clause !== "existing-zero-length") throw new Error("by the first clause");
 * ```
 */
export function explain(
  registration: Registration,
  history: RegistrationSet = [],
  release: KernelRelease = latestRelease,
): Explanation {
  const set: RegistrationSet = [...history, { kind: "assign", registration, eventfd: "new" }];
  using model = new SetModel(set, release);
  const index = history.length;
  const refusedBefore = history.flatMap((_, step) => (model.refusals[step] === null ? [] : [step]));
  const refused = model.refusals[index] ?? null;
  const common = { kernel: release.name, refusedBefore };
  if (refused === null) {
    const findings = judgeAll({ set, release, model, ept: false });
    const finding = findings.find((one) => one.index === index) ?? null;
    const hidden = findings.filter(({ hiddenBy }) => hiddenBy.includes(index));
    return {
      ...common,
      errno: null,
      check: null,
      detail: "",
      collidesWith: null,
      clause: null,
      finding,
      hides: hidden.map((one) => one.index),
    };
  }
  const { check, clause } = refused.reason;
  return {
    ...common,
    errno: refused.code,
    check,
    detail: model.refusalText(refused),
    collidesWith: model.collidedWith(refused),
    clause: clause ?? null,
    finding: null,
    hides: [],
  };
}
