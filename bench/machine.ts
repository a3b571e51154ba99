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

/** Whether a program can be kept on the first CPU. */
export async function hasTaskset(): Promise<boolean> {
  return await output("taskset", "-c", "0", "true") !== null;
}

/** The name that the CPU gives itself, and its family and model, which tell more where the name was made up. */
async function cpu(): Promise<string> {
  const text = await output("cat", "/proc/cpuinfo") ?? "";
  const field = (name: string): string =>
    new RegExp(`^${name}\\s*:\\s*(.+)$`, "m").exec(text)?.[1] ?? "unknown";
  return `${field("model name")} (family ${field("cpu family")}, model ${field("model")})`;
}

/** What a program prints, or null where it is missing or fails. */
async function output(program: string, ...args: string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stdin: "null" }).output();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
