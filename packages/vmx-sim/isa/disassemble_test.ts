import { assertEquals } from "@std/assert";
import { disassemble } from "./disassemble.ts";

Deno.test("disassemble() gives address, bytes and Intel syntax in each code size", async () => {
  const bytes = Uint8Array.of(0x89, 0x07, 0x06, 0xf4);
  const lines = async (mode: "real" | "prot64") =>
    (await disassemble(bytes, mode, 0x7c00n)).map(({ address, bytes, text }) =>
      `${address.toString(16)} ${bytes.toHex()} ${text}`
    );
  assertEquals(await lines("real"), ["7c00 8907 mov [bx],ax", "7c02 06 push es", "7c03 f4 hlt"]);
  assertEquals(await lines("prot64"), ["7c00 8907 mov [rdi],eax", "7c02 06 (bad)", "7c03 f4 hlt"]);
});
