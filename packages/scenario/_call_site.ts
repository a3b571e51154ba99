const here = new URL(".", import.meta.url).href;

/** Place in a scenario's file where an error came from, by its stack: the first frame outside this package. */
export function callSite(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  const frames = error.stack.split("\n").map((line) =>
    /\(?(\w+:\/\/\S+:\d+:\d+)\)?$/.exec(line)?.[1]
  );
  return frames.find((frame) => frame !== undefined && isScenario(frame));
}

/** Neither this package's nor another's of the house. */
function isScenario(frame: string): boolean {
  const packages = new URL("..", here).href;
  return !frame.startsWith(here) && !frame.startsWith(packages);
}
