/**
 * Writes `vectors/derived/`: what each release answers, as it follows from its source, by the model of that release.
 *
 * No kernel is asked; `tests/derived_vectors_test.ts` holds the answers against a table written by hand.
 *
 * @module
 */
import { formatVector, observeVector } from "@ioeventfd/conform";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { type KernelRelease, kernelReleases } from "@ioeventfd/uapi";
import { derivedQuestions } from "./vectors/derived_questions.ts";

/** Tree that a release's functions are in: the seed is a commit and no release. */
function tree({ name }: KernelRelease): string {
  return name === "seed" ? "f848a5a8dcb6" : name;
}

/**
 * The vectors of one release as a file.
 *
 * @param release Whose answers
 * @returns Lines of JSON; a question that has no meaning in the release, because its first registration is refused, is
 * left out
 */
export function derivedFile(release: KernelRelease): string {
  const backend = new CoreBackend({ release });
  const lines: string[] = [];
  for (const { vector, source } of derivedQuestions()) {
    const observed = observeVector(backend, vector).vector;
    if (observed === null) continue;
    lines.push(formatVector({
      ...observed,
      id: `${release.name}/${vector.id}`,
      release: release.name,
      provenance: "derived",
      source: `KERNEL ${tree(release)} ${source(release.name)}`,
    }));
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Writes the file of every release. */
export function deriveVectors(): void {
  const folder = new URL("../vectors/derived/", import.meta.url);
  Deno.mkdirSync(folder, { recursive: true });
  for (const release of kernelReleases) {
    const text = derivedFile(release);
    Deno.writeTextFileSync(new URL(`${release.name}.jsonl`, folder), text);
    console.log(`vectors/derived/${release.name}.jsonl: ${text.split("\n").length - 1} vectors`);
  }
}

if (import.meta.main) deriveVectors();
