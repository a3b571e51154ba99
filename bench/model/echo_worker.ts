/**
 * Writes what it reads, for as long as it lives.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { SharedEventfd } from "@ioeventfd/eventfd";

self.onmessage = ({ data }: MessageEvent<[SharedArrayBuffer, SharedArrayBuffer]>): void => {
  const [request, reply] = data.map((buffer) => SharedEventfd.attach(buffer)) as [
    SharedEventfd,
    SharedEventfd,
  ];
  for (;;) reply.write(request.readBlocking());
};
