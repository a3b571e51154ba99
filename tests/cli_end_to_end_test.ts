/** The command as a process of its own, with no more permission than it needs. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const root = new URL("..", import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function ioeventfd(
  args: readonly string[],
  options: { readonly input?: string; readonly permissions?: readonly string[] } = {},
): Promise<Ended> {
  const { input = "", permissions = ["--allow-read"] } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, "apps/cli/main.ts", ...args],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const pair = '[{"addr":"0x1004","len":0},{"addr":"0x1000","len":4}]';

Deno.test("ioeventfd lint - reads a set from stdin without any permission", async () => {
  const { code, stdout, stderr } = await ioeventfd(["lint", "-", "--json"], {
    input: pair,
    permissions: [],
  });
  assertEquals([code, stderr], [1, ""]);
  const { registrations, safeOrder } = JSON.parse(stdout);
  assertEquals(registrations[0].verdict, "dead");
  assertEquals(safeOrder, [1, 0]);
});

Deno.test("ioeventfd conform ends with the count of what passed", async () => {
  const { code, stdout } = await ioeventfd(["conform", "--vectors", "vectors/collide.jsonl"]);
  assertEquals(code, 0);
  assertMatch(stdout, /\n500 passed, 0 failed\n$/);
});

Deno.test("ioeventfd ends with 3 and one line when a file is not there, not permitted or not whole", async () => {
  const missing = await ioeventfd(["lint", "no/such/set.json"]);
  assertEquals(missing, {
    code: 3,
    stdout: "",
    stderr: "ioeventfd: cannot read no/such/set.json: no such file or directory\n",
  });
  const refused = await ioeventfd(["lint", "scenarios/sets/dead-pair.json"], { permissions: [] });
  assertEquals([refused.code, refused.stdout], [3, ""]);
  assertStringIncludes(refused.stderr, "run with --allow-read");
  const cut = await ioeventfd(["conform", "--vectors", "-"], { input: '{"id":"a","kind":"bus"' });
  assertEquals([cut.code, cut.stderr], [
    3,
    "ioeventfd: stdin:1: JSON that ends too early: is the file cut off?\n",
  ]);
  const nameless = await ioeventfd(["replay", ""]);
  assertEquals([nameless.code, nameless.stderr], [
    3,
    "ioeventfd: cannot read a file without a name\n",
  ]);
  const folder = await ioeventfd(["conform", "--vectors", "vectors"]);
  assertEquals([folder.code, folder.stderr], [
    3,
    "ioeventfd: cannot read vectors: it is a directory\n",
  ]);
});

Deno.test("ioeventfd conform does not begin when it could not write in the end", async () => {
  const folder = await Deno.makeTempDir();
  const permissions = [`--allow-read=.,${folder}`, `--allow-write=${folder}`];
  const args = ["conform", "--backend", "sim", "--cases", "9007199254740991", "--record"];
  try {
    const { code, stderr } = await ioeventfd([...args, `${folder}/a/b`], { permissions });
    const said = `ioeventfd: cannot write ${folder}/a/b: no such file or directory\n`;
    assertEquals([code, stderr], [3, said]);
    // The look at the first of two files leaves no trace of it.
    const more = [`${folder}/out.jsonl`, "--junit", `${folder}/a/b`];
    const both = await ioeventfd([...args, ...more], { permissions });
    assertEquals([both.code, both.stderr, [...Deno.readDirSync(folder)]], [3, said, []]);
    const itself = await ioeventfd([...args, folder], { permissions });
    const why = `ioeventfd: cannot write ${folder}: it is a directory\n`;
    assertEquals([itself.code, itself.stderr], [3, why]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ioeventfd is quiet when the reader of its output goes", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-read", "apps/cli/main.ts", "caps", "--json"],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals([stderr, (await child.status).code], ["", 0]);
});

Deno.test("ioeventfd ends with 4 and one line when its output cannot be written", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", '"$0" run --quiet --no-prompt apps/cli/main.ts caps >/dev/full', Deno.execPath()],
    cwd: root,
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 4, text);
  assertMatch(text, /^ioeventfd: cannot write the output: No space left on device.*\n$/);
});

Deno.test("ioeventfd names the permission that a special file takes", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const { code, stderr } = await ioeventfd(["replay", "/proc/self/mem"]);
  assertEquals(code, 3);
  assertMatch(
    stderr,
    /^ioeventfd: cannot read \/proc\/self\/mem: not permitted; run with --allow-all\n$/,
  );
});
