/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The device's thread of two-workers.ts: sleeps until it is kicked, and answers.
 *
 * @module
 */
import { SharedEventfd } from "@ioeventfd/eventfd";

/** What it is asked. */
export interface IoQuestion {
  /** Memory of the eventfd that the guest's doorbell signals. */
  readonly kick: SharedArrayBuffer;
  /** Memory of the eventfd that it answers with. */
  readonly done: SharedArrayBuffer;
  /** Kicks to serve. */
  readonly requests: number;
}

self.onmessage = ({ data }: MessageEvent<IoQuestion>) => {
  const kick = SharedEventfd.attach(data.kick), done = SharedEventfd.attach(data.done);
  let served = 0n, wakes = 0;
  while (served < data.requests) {
    const kicks = kick.readBlocking({ interruptAfterMs: 10_000 });
    served += kicks;
    wakes++;
    done.write(kicks);
  }
  self.postMessage({ served, wakes });
};
