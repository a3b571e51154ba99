import manifest from "./deno.json" with { type: "json" };

/** Version of the command. */
export const version: string = manifest.version;
