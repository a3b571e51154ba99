/** What the counter costs: `deno bench packages/eventfd/eventfd_bench.ts --allow-read`. */
import { EventfdContext, FileTable, SharedEventfd } from "./mod.ts";
import { Thread } from "./testdata/thread.ts";

const local = new EventfdContext();
const shared = new SharedEventfd();
const out = new Int32Array(2);
const table = new FileTable();
const fd = table.eventfd(0, 0);
const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
const buffer = new Uint8Array(8);

/** Enough calls in a row for the clock, and for the compiler to see a loop. */
const calls = 100_000;

for (const [name, context] of [["local", local], ["shared", shared]] as const) {
  Deno.bench(`${name}: 100,000 signals`, { group: "signal" }, () => {
    for (let i = 0; i < calls; i++) context.signal();
  });

  Deno.bench(`${name}: 100,000 write(1n) + read()`, { group: "write + read" }, () => {
    context.tryRead();
    for (let i = 0; i < calls; i++) {
      context.write(1n);
      context.read();
    }
  });

  Deno.bench(`${name}: 100,000 writeWords + readWords`, { group: "write + read" }, () => {
    for (let i = 0; i < calls; i++) {
      context.writeWords(1, 0);
      context.readWords(out);
    }
  });
}

Deno.bench("descriptor: 100,000 write(2) + read(2)", { group: "write + read" }, () => {
  for (let i = 0; i < calls; i++) {
    table.write(fd, one);
    table.read(fd, buffer);
  }
});

Deno.bench("local: 100,000 signals to one waiter", { group: "signal" }, () => {
  const entry = local.addWaiter({ wake: () => true });
  for (let i = 0; i < calls; i++) local.signal();
  local.removeWaiter(entry);
});

Deno.bench("shared: 10,000 round trips to a worker that blocks", { n: 5, warmup: 1 }, async (b) => {
  const rounds = 10_000;
  await using thread = new Thread();
  const [request, reply] = [new SharedEventfd(), new SharedEventfd()];
  const echo = thread.call(request, "echo", { times: rounds + 1, reply: reply.buffer });
  request.write(1n);
  reply.readBlocking();
  b.start();
  for (let i = 0; i < rounds; i++) {
    request.write(1n);
    reply.readBlocking();
  }
  b.end();
  await echo;
});
