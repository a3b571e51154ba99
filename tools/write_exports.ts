/**
 * Writes `exports` of every package: `deno task exports`, after a public file came, went or was renamed.
 *
 * @module
 */
import { entryPoints } from "./entry_points.ts";
import { readMembers, root } from "./workspace.ts";

for (const { folder } of readMembers().filter(({ folder }) => folder.startsWith("packages/"))) {
  const path = new URL(`${folder}/deno.json`, root);
  const before = Deno.readTextFileSync(path);
  const exports = entryPoints(folder);
  const written = JSON.stringify(exports, null, 2).replaceAll("\n", "\n  ");
  const after = before.replace(/"exports": (\{[^}]*\}|"[^"]*")/, () => `"exports": ${written}`);
  if (after === before) continue;
  Deno.writeTextFileSync(path, after);
  console.log(`${folder}/deno.json: ${Object.keys(exports).length} entry points`);
}
