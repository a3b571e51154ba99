/**
 * Loading scenario modules.
 *
 * @module
 */
import { TraceParser } from "@ioeventfd/capture";
import { type Scenario, scenarioOf } from "@ioeventfd/scenario";
import { InputError, UsageError } from "../cli_error.ts";
import type { Host } from "../host.ts";
import { shellWords } from "../_shell_words.ts";
import { unpackGzip } from "../unpack_gzip.ts";
import { guarded } from "./_run_guard.ts";

const whatItIs = "a scenario is a TypeScript module that exports `scenario`";
/** Bytes in which a recording shows that it is one. */
const enough = 1 << 16;

/** A scenario with the file it came from. */
export interface ScenarioFile {
  /** Path as given. */
  readonly path: string;
  /** Address of the module. */
  readonly url: string;
  /** What it exports. */
  readonly scenario: Scenario;
}

/**
 * Imports a scenario module, which runs it.
 *
 * @param host To see whether the file is there
 * @param path File of the module
 * @returns Its scenario
 * @throws {InputError} when it is missing, does not load, or exports no scenario
 */
export async function loadScenario(host: Host, path: string): Promise<ScenarioFile> {
  if (path === "-") throw new UsageError("run: a scenario is a module, and stdin is none");
  await (await host.open(path)).cancel();
  const url = fileUrl(path);
  let module: unknown;
  try {
    module = await guarded(() => import(url), "it");
  } catch (error) {
    if (await isRecording(host, path)) {
      throw new InputError(
        `${path}: a recording, which is for ioeventfd replay ${shellWords([path])}; ${whatItIs}`,
      );
    }
    const reason = firstLine(error);
    const hint = isModuleName(path) && !reason.startsWith("SyntaxError") ? "" : `; ${whatItIs}`;
    throw new InputError(`${path}: does not load: ${reason}${hint}`);
  }
  try {
    return { path, url, scenario: scenarioOf(module) };
  } catch (error) {
    throw new InputError(`${path}: not a scenario: ${firstLine(error)}`);
  }
}

function isModuleName(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path);
}

async function isRecording(host: Host, path: string): Promise<boolean> {
  if (isModuleName(path)) return false;
  const parser = new TraceParser(() => undefined);
  const reader = unpackGzip(await host.open(path)).getReader();
  try {
    for (let seen = 0; seen < enough;) {
      const { done, value } = await reader.read();
      if (done) break;
      seen += value.length;
      parser.push(value);
    }
  } catch {
    return false;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  parser.end();
  return parser.counts.events > 0;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.trim();
}

function fileUrl(path: string): string {
  const url = new URL("file:///");
  const absolute = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  url.pathname = absolute.replaceAll("%", "%25");
  return url.href;
}
