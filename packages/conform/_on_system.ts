import type { KvmBackend, KvmSystem } from "@ioeventfd/uapi";
import type { PlayOptions } from "./play_options.ts";

/** Opens a system for something, and closes it then or later. */
export function onSystem<T>(
  backend: KvmBackend,
  { later }: PlayOptions,
  play: (system: KvmSystem) => T,
): T {
  const system = backend.open();
  try {
    return play(system);
  } finally {
    if (later === undefined) system[Symbol.dispose]();
    else later(system);
  }
}
