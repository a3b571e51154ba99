/**
 * Writes what it reads, for as long as it lives.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { SharedEventfd } from "@ioeventfd/eventfd";

/** What the worker is told. */
export interface EchoRequest {
  /** Memory of the eventfd it reads, and of the one it writes. */
  readonly buffers: readonly [SharedArrayBuffer, SharedArrayBuffer];
  /** Whether it sleeps without a look first. */
  readonly sleepsAtOnce: boolean;
}

self.onmessage = ({ data }: MessageEvent<EchoRequest>): void => {
  const { buffers, sleepsAtOnce } = data;
  const [request, reply] = buffers.map((buffer) => SharedEventfd.attach(buffer)) as [
    SharedEventfd,
    SharedEventfd,
  ];
  for (;;) reply.write(request.readBlocking({ sleepsAtOnce }));
};
