/**
 * DuckDB by tools/duckdb.ts, where it can be had.
 *
 * @module
 */
import { root } from "../tools/workspace.ts";

/** A machine that has it answers in a second; one that has not fetches 140 MB once. */
const PATIENCE_MS = 90_000;

/** What a process of it left. */
interface Asked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function duckdb(args: readonly string[], sql: string, timeMs: number): Promise<Asked> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--lock=tools/duckdb.lock", "--frozen", "--allow-all"]
      .concat("tools/duckdb.ts", args),
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), timeMs);
  const ended = child.output();
  try {
    const stdin = child.stdin.getWriter();
    await stdin.write(new TextEncoder().encode(sql));
    await stdin.close();
  } catch (error) {
    // It may end without reading.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  const { code, stdout, stderr } = await ended;
  clearTimeout(timer);
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/**
 * Why there is no DuckDB, after having tried for a while to fetch it.
 *
 * @returns The reason, or null when there is one
 */
export async function reasonForNoDuckdb(): Promise<string | null> {
  const started = Date.now();
  const { code, stdout, stderr } = await duckdb(["--json"], "SELECT 1 AS one", PATIENCE_MS);
  if (stdout.trim() === '[{"one":1}]') return null;
  if (Date.now() - started >= PATIENCE_MS) return `DuckDB did not come in ${PATIENCE_MS / 1000} s`;
  const said = stderr.trim().split("\n").findLast((line) => /error|fail|denied/i.test(line));
  const why = said?.replace(/^\s*\d+:\s*/, "") ?? `exit code ${code}`;
  return `DuckDB cannot be had: ${why}`;
}

/**
 * Asks exported recordings.
 *
 * @param files Which Parquet files, `*` included
 * @param sql Question to the table `events`
 * @returns The rows
 */
export async function askDuckdb<Row>(files: string, sql: string): Promise<Row[]> {
  const { code, stdout, stderr } = await duckdb([files, "--json"], sql, PATIENCE_MS);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
