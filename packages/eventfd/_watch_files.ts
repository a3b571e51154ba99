import type { FileTable } from "./file_table.ts";
import type { Waiter } from "./wait_queue.ts";

/** Queues a waiter on the open ones of these descriptors, and keeps their files open; returns how to end that. */
export function watchFiles(
  table: FileTable,
  watched: readonly { readonly fd: number; readonly key: number }[],
  waiter: Waiter,
): () => void {
  // KERNEL 6.19 fs/select.c __pollwait, pollwake
  const undo = watched.flatMap(({ fd, key }) => {
    const file = table.fileIfOpen(fd);
    if (file === undefined) return [];
    file.acquire();
    const dequeue = file.addWaiter({
      wake: (mask) => (mask & key) !== 0 && waiter.wake(mask),
    });
    return [dequeue, () => file.release()];
  });
  return () => {
    for (const step of undo) step();
  };
}
