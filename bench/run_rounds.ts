/**
 * Rounds: every variant once, each in a process of its own, in an order that is reversed from round to round.
 *
 * @module
 */
import type { Plan } from "./plan.ts";
import type { Variant } from "./variants.ts";

/** Milliseconds after which a process is given up. */
const patience = 120_000;

/** What the variants answered: by name, one answer a round. */
export type Answers = ReadonlyMap<string, readonly unknown[]>;

/**
 * Runs the rounds.
 *
 * @param variants What is run
 * @param plan How often, and for how long at most
 * @param onRun Told before each process
 * @returns The answers, as many as rounds were run; by name, those of the same round at the same place
 * @throws {Error} when a process fails
 */
export async function runRounds(
  variants: readonly Variant[],
  { rounds, budgetMs }: Pick<Plan, "rounds" | "budgetMs">,
  onRun: (round: number, name: string) => void = () => {},
): Promise<Answers> {
  const answers = new Map<string, unknown[]>(variants.map(({ name }) => [name, []]));
  const start = performance.now();
  let longest = 0;
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    if (round > 0 && began - start + longest > budgetMs) break;
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
      onRun(round, variant.name);
      answers.get(variant.name)!.push(await run(variant));
    }
    longest = Math.max(longest, performance.now() - began);
  }
  return answers;
}

async function run({ name, command, isTimed = false }: Variant): Promise<unknown> {
  const [program, ...args] = command;
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(patience),
  }).output();
  const ms = performance.now() - start;
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${name} failed (${command.join(" ")}): ${decoder.decode(stderr)}`);
  return isTimed ? ms : JSON.parse(decoder.decode(stdout));
}
