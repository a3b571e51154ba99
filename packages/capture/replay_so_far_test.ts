import { assert, assertEquals } from "@std/assert";
import { Replayer } from "./replay.ts";

const folder = new URL("../../captures/", import.meta.url);

Deno.test("Replayer.soFar() grows to what the replay says at its end", () => {
  const bytes = Deno.readFileSync(new URL("q35-virtio-blk.bpftrace.txt", folder));
  const replayer = new Replayer();
  const plain = new Replayer();
  let writes = 0, signals = 0;
  for (let at = 0; at < bytes.length; at += 9_999) {
    replayer.parser.push(bytes.subarray(at, at + 9_999));
    const now = replayer.soFar();
    const doorbell = now.doorbells.find(({ addr }) => addr === 0xfebfb000n);
    assert(now.writes >= writes && (doorbell?.signals ?? 0) >= signals, "it shrank");
    assertEquals(now.contradictions, 0);
    [writes, signals] = [now.writes, doorbell?.signals ?? 0];
  }
  assert(signals > 300, `${signals} signals before the end`);
  replayer.parser.end();
  plain.parser.push(bytes);
  plain.parser.end();
  assertEquals(replayer.finish(), plain.finish());
});
