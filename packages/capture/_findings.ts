/**
 * What the replay found wrong, and what it had to guess.
 *
 * @module
 */

/** Something that the recording and the model disagree on. */
export interface Contradiction {
  /** Line of the recording. */
  readonly line: number;
  /** One sentence. */
  readonly what: string;
}

const kept = 1000;

/** Contradictions, unexplained exits and guesses; memory does not grow with the recording. */
export class Findings {
  /** The first 1,000 contradictions. */
  readonly contradictions: Contradiction[] = [];
  /** All of them. */
  contradictionCount = 0;
  /** Lines of the first 1,000 exits without a cause. */
  readonly unexplainedLines: number[] = [];
  readonly #inferred = new Map<string, number>();

  /** The recording and the model disagree. */
  contradict(line: number, what: string): void {
    this.contradictionCount++;
    if (this.contradictions.length < kept) this.contradictions.push({ line, what });
  }

  /** An exit has no cause. */
  unexplained(line: number): void {
    if (this.unexplainedLines.length < kept) this.unexplainedLines.push(line);
  }

  /** Those exits have a cause after all. */
  notUnexplained(lines: readonly number[]): void {
    const gone = new Set(lines);
    const left = this.unexplainedLines.filter((line) => !gone.has(line));
    this.unexplainedLines.splice(0, Infinity, ...left);
  }

  /** No exit was recorded: that accesses had none contradicts nothing. */
  withoutExits(): void {
    this.contradictions.length = 0;
    this.contradictionCount = 0;
    this.infer("no kvm_userspace_exit line is in the recording: was the event recorded?");
  }

  /** Something was concluded that no line says; the same sentence counts up. */
  infer(what: string): void {
    const times = this.#inferred.get(what) ?? 0;
    if (times > 0 || this.#inferred.size < kept) this.#inferred.set(what, times + 1);
  }

  /** The guesses, each once. */
  get inferred(): string[] {
    return [...this.#inferred].map(([what, times]) =>
      times > 1 ? `${what} (${times} times)` : what
    );
  }
}
