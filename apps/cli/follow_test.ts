import { assertEquals } from "@std/assert";
import { follow } from "./_follow.ts";

const encoder = new TextEncoder();

async function followed(
  steps: readonly ((path: string) => Promise<void>)[],
  isWhole: (tail: string) => boolean,
): Promise<string> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "one\n");
    const stream = follow(await Deno.open(path), { signal: new AbortController().signal, isWhole });
    let text = "";
    let step = 0;
    for await (const chunk of stream) {
      text += new TextDecoder().decode(chunk);
      await steps[step++]?.(path);
    }
    return text;
  } finally {
    await Deno.remove(path);
  }
}

const append = (text: string) => (path: string): Promise<void> =>
  Deno.writeFile(path, encoder.encode(text), { append: true });

Deno.test("follow() waits for what is written, until the file is whole", async () => {
  const text = await followed(
    [append("two\n"), append("three\nend\n")],
    (tail) => tail.endsWith("\nend\n"),
  );
  assertEquals(text, "one\ntwo\nthree\nend\n");
});

Deno.test("follow() begins again when the file becomes shorter", async () => {
  const text = await followed(
    [(path) => Deno.writeTextFile(path, "x\n")],
    (tail) => tail.endsWith("x\n"),
  );
  assertEquals(text, "one\nx\n");
});

Deno.test("follow() ends when it is told to, and a cancelled stream closes the file", async () => {
  const path = await Deno.makeTempFile();
  try {
    const signal = AbortSignal.timeout(150);
    const stream = follow(await Deno.open(path), { signal, isWhole: () => false });
    assertEquals(await new Response(stream).text(), "");
    const other = follow(await Deno.open(path), { signal, isWhole: () => false });
    await other.cancel();
  } finally {
    await Deno.remove(path);
  }
});
