/** One replacement of text, which must be there exactly once. */
export interface Edit {
  /** File, from the root of the repository. */
  readonly file: string;
  /** What is there. */
  readonly find: string;
  /** What is there instead. */
  readonly replace: string;
}

/** A deliberate mistake in the model, and how it is found. */
export interface Mutant {
  /** Name in kebab case. */
  readonly name: string;
  /** The mistake, in one sentence. */
  readonly about: string;
  /** What makes it. */
  readonly edits: readonly Edit[];
  /** Arguments of `ioeventfd conform` that find it, besides a seed; without /dev/kvm. */
  readonly conform: readonly string[];
}

/** Calls of KVM_IOEVENTFD, judged by the plain form of the rules. */
export const byRegistrations: readonly string[] = ["--registrations", "--cases", "3000"];
/** Histories with guest writes, judged by the plain form of the rules. */
export const byHistories: readonly string[] = ["--histories", "--cases", "6000"];
/** The vectors of machine code. */
export const byGuestVectors: readonly string[] = ["--vectors", "vectors/guest.jsonl"];
