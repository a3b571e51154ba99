import { assertEquals } from "@std/assert";
import { showBytes, showExit } from "./show_exit.ts";

Deno.test("showExit() spells every exit in one line", () => {
  const data = Uint8Array.of(0x34, 0x12);
  assertEquals(
    showExit({ reason: "mmio", addr: 0xfebfb000n, len: 2, write: true, data }),
    "mmio write 0xfebfb000 len 2 = 0x1234",
  );
  assertEquals(
    showExit({ reason: "mmio", addr: 0xfebfb000n, len: 2, write: false, data }),
    "mmio read 0xfebfb000 len 2",
  );
  const io = { reason: "io", port: 0x71, size: 1, data } as const;
  assertEquals(showExit({ ...io, count: 1, write: false }), "io read 0x71 len 1");
  assertEquals(showExit({ ...io, count: 2, write: true }), "io write 0x71 len 1 x2 = 0x1234");
  assertEquals(showExit({ reason: "hlt" }), "hlt");
  assertEquals(
    showExit({ reason: "internal_error", suberror: 1, data: [] }),
    "internal_error suberror 1",
  );
  assertEquals(
    showExit({ reason: "unknown", hardwareExitReason: 49n }),
    "unknown hardware reason 0x31",
  );
  assertEquals(showExit({ reason: "other", exitReason: 24 }), "exit reason 24");
});

Deno.test("showBytes() spells bytes as two digits each", () => {
  assertEquals(showBytes([0, 0x11, 0xfe]), "00 11 fe");
});
