/**
 * Whether every package is at one version: `deno run --allow-read=. tools/check_version.ts 1.2.3`, before it is published.
 *
 * @module
 */
import { readMembers, readText } from "./workspace.ts";

/**
 * Members at another version.
 *
 * @param version The version they should have
 * @returns E.g. `packages/uapi has 0.1.0`
 */
export function otherVersions(version: string): string[] {
  return readMembers()
    .map(({ folder }) => ({
      folder,
      found: JSON.parse(readText(`${folder}/deno.json`)).version,
    }))
    .filter(({ found }) => found !== version)
    .map(({ folder, found }) => `${folder} has ${found}`);
}

if (import.meta.main) {
  const [version = ""] = Deno.args;
  const others = otherVersions(version);
  for (const line of others) console.error(line);
  if (others.length > 0) Deno.exit(1);
}
