/**
 * What a run was measured on.
 *
 * @module
 */

/** A machine, and the peers it has. */
export interface Machine {
  /** Model of the CPU. */
  readonly cpu: string;
  /** CPUs. */
  readonly cpus: number;
  /** Memory in MiB. */
  readonly memoryMiB: number;
  /** Operating system and its release. */
  readonly os: string;
  /** Version of Deno, which runs the model. */
  readonly deno: string;
  /** Version of V8. */
  readonly v8: string;
  /** Version of the C compiler, or why the native peer was skipped. */
  readonly native: string;
  /** Version of the second peer. */
  readonly v86: string;
  /** Rounds of the run. */
  readonly rounds: number;
  /** Processes that ran or wanted to, a minute's mean, before the run. */
  readonly loadBefore: number;
  /** The same after it; the run itself is about 1. */
  readonly loadAfter: number;
}

/** What does not change in a run. */
export async function machine(): Promise<
  Pick<Machine, "cpu" | "cpus" | "memoryMiB" | "os" | "deno" | "v8">
> {
  return {
    cpu: await cpu(),
    cpus: navigator.hardwareConcurrency,
    memoryMiB: Math.round(Deno.systemMemoryInfo().total / (1 << 20)),
    os: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
  };
}

/** The mean of a minute. */
export function load(): number {
  return Math.round(Deno.loadavg()[0]! * 100) / 100;
}

async function cpu(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("cat", { args: ["/proc/cpuinfo"] }).output();
    const name = /^model name\s*:\s*(.+)$/m.exec(new TextDecoder().decode(stdout))?.[1];
    if (name !== undefined) return name;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return "unknown";
}
