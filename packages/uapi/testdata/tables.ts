/** Every constant and struct layout that the package exports. For tests. */
import * as uapi from "@ioeventfd/uapi";
import type { AnyStructLayout } from "@ioeventfd/uapi";

const exported: [string, unknown][] = Object.entries(uapi);

/** Numbers by name, errno included. */
export const constants: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    exported.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  ),
  ...uapi.errno,
};

/** Struct layouts. */
export const layouts: readonly AnyStructLayout[] = exported
  .filter(([name]) => name.endsWith("_LAYOUT"))
  .map(([, layout]) => layout as AnyStructLayout);
