/** A thread of the tests: attaches to the eventfd it is sent and does what it is told, one call at a time. */
import { KvmError } from "@ioeventfd/uapi";
import { FileTable, SharedEventfd } from "../mod.ts";
import type { Command, Reply } from "./thread.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Command>) => void;
  postMessage(reply: Reply): void;
};

async function run(command: Command): Promise<Reply> {
  const eventfd = SharedEventfd.attach(command.buffer);
  const table = new FileTable();
  const fd = table.installEventfd(eventfd);
  const reply = command.reply === undefined ? undefined : SharedEventfd.attach(command.reply);
  const times = command.times ?? 1;
  const value = command.value ?? 1n;
  let sum = 0n;
  for (let i = 0; i < times; i++) {
    switch (command.call) {
      case "read":
        sum += table.eventfdRead(fd);
        break;
      case "echo": {
        const value = eventfd.readBlocking();
        reply!.writeBlocking(value);
        sum += value;
        break;
      }
      case "readAsync":
        sum += await eventfd.readAsync();
        break;
      case "tryRead":
        sum += eventfd.tryRead() ?? 0n;
        break;
      case "write":
        table.eventfdWrite(fd, value);
        break;
      case "signal":
        eventfd.signal();
        break;
    }
  }
  return { sum, seen: command.flag === undefined ? 0 : new Int32Array(command.flag)[0]! };
}

scope.onmessage = async ({ data }): Promise<void> => {
  try {
    scope.postMessage(await run(data));
  } catch (error) {
    scope.postMessage({
      sum: 0n,
      seen: 0,
      failed: error instanceof KvmError ? error.code : `${error}`,
    });
  }
};
