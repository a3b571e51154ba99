/**
 * What a scenario is: a name, what it is about, and a script that plays on a stage.
 *
 * @module
 */
import type { Stage } from "./stage.ts";

/**
 * One story about doorbells. It says nothing about where it runs: the stage it is given stands on the model or on the
 * host's `/dev/kvm`.
 */
export interface Scenario {
  /** Name in kebab case, as the file's. */
  readonly name: string;
  /** What it shows, in one sentence. */
  readonly about: string;
  /** The release it is about; the model plays that one unless told otherwise. The newest where absent. */
  readonly kernel?: string;
  /** Extended page tables (the default) or shadow paging, for the model. */
  readonly paging?: "ept" | "shadow";
  /** Where it cannot play, and why. */
  readonly skip?: readonly { readonly backend: "sim" | "kvm"; readonly reason: string }[];
  /** The script. */
  play(stage: Stage): void | Promise<void>;
}
