// Deno's sandbox is part of the design: libraries take nothing, the demo reads recordings, and a task that gets more than
// it can name says why in CONTRIBUTING.md.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readMembers, readText, root } from "../tools/workspace.ts";

const every = ["read", "write", "net", "env", "run", "ffi", "sys", "import"];

/** Task to command, of the root and of every member. */
const tasks = new Map<string, string>(
  ["", ...readMembers().map(({ folder }) => `${folder}/`)].flatMap((folder) => {
    const config: { tasks?: Record<string, { description?: string; command: string }> } = JSON
      .parse(readText(`${folder}deno.json`));
    return Object.entries(config.tasks ?? {}).map(([name, { description, command }]) => {
      assert(description !== undefined, `Task ${name} says what it does`);
      return [name, command] as const;
    });
  }),
);

/** Permissions given without saying for what. */
function unscoped(command: string): string[] {
  return [...command.matchAll(/ (--allow-[a-z]+|-[A-Z]+)(?=\s|$)/g)].map(([, flag]) => flag!);
}

Deno.test("no task has all permissions, or the network", () => {
  const wrong = [...tasks].filter(([, command]) =>
    /\s(-A|--allow-all|--allow-net)\b/.test(command)
  );
  assertEquals(wrong, []);
});

Deno.test("CONTRIBUTING.md gives the reason for each permission without a scope, and for no other", () => {
  const rows = [
    ...readText("CONTRIBUTING.md").matchAll(/^\| `([^`]+)` +\| `(--allow-[a-z]+)` +\| (.+) \|$/gm),
  ];
  const explained = rows.map(([, task, flag]) => `${task} ${flag}`);
  const given = [...tasks].flatMap(([task, command]) =>
    unscoped(command).map((flag) => `${task} ${flag}`)
  );
  assertEquals(explained.toSorted(), given.toSorted());
});

async function run(
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Denies what a command line does not give, so that nothing can be asked for. */
function deniedBesides(args: readonly string[]): string[] {
  const given = args.flatMap((arg) => /^--allow-([a-z]+)/.exec(arg)?.[1] ?? []);
  return every.filter((name) => !given.includes(name)).map((name) => `--deny-${name}`);
}

Deno.test("the demo runs with every other permission denied", async () => {
  const [, command, ...args] = tasks.get("demo")!.split(" ");
  assertEquals(command, "run");
  const { code, stdout, stderr } = await run([
    ...["run", "--quiet", "--no-prompt", ...deniedBesides(args), ...args],
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.match(/for I\/O, unexplained +0/g)?.length, 3);
});

Deno.test("the demo reads recordings and nothing else", async () => {
  const args = tasks.get("demo")!.split(" ").slice(2).map((arg) =>
    arg.startsWith("captures/") ? arg.replace("captures/", "vectors/") : arg
  );
  const { code, stderr } = await run(["run", "--quiet", "--no-prompt", ...args]);
  assertEquals(code, 3);
  assertStringIncludes(stderr, "vectors/");
});

for (const name of ["virtio-blk-modern", "nvme-doorbells"]) {
  Deno.test(`the packages need no permission: scenario ${name}`, async () => {
    const denied = deniedBesides([]).filter((flag) => flag !== "--deny-import");
    const { code, stderr } = await run([
      ...["run", "--quiet", "--no-prompt", ...denied, `scenarios/${name}.ts`],
    ]);
    assertEquals([code, stderr], [0, ""]);
  });
}
