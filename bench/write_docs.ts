/**
 * Writes a run into `docs/` and the README: a program of its own, as it alone may write there. The run comes on stdin.
 *
 * @module
 */
import { writeDocs } from "./docs.ts";

await writeDocs(await new Response(Deno.stdin.readable).json());
