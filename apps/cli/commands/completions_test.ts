import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commands } from "../commands.ts";
import { runFake } from "../_fake_host.ts";

async function script(shell: string): Promise<string> {
  const { code, stdout } = await runFake(["completions", shell]);
  assertEquals(code, 0);
  return stdout;
}

Deno.test("completions name every command and option, for each shell", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const text = await script(shell);
    for (const { name, options } of commands) {
      assertStringIncludes(text, name);
      for (const option of options) assertStringIncludes(text, option.name);
    }
  }
});

/** What bash completes a line with, or null where there is no bash. */
async function bash(words: readonly string[]): Promise<string[] | null> {
  const line = words.map((word) => `'${word}'`).join(" ");
  const program = `${await script("bash")}
COMP_WORDS=(ioeventfd ${line}); COMP_CWORD=${words.length}; _ioeventfd; printf '%s\\n' "\${COMPREPLY[@]}"`;
  try {
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["--norc", "-c", program],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout).split("\n").filter((word) => word !== "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

Deno.test("completions bash completes commands, options and choices", async () => {
  const names = await bash(["expl"]);
  if (names === null) return console.log("skipped: there is no bash");
  assertEquals(names, ["explain"]);
  const options = await bash(["lint", "--k"]);
  assertEquals(options, ["--kernel"]);
  const releases = await bash(["lint", "--kernel", "3"]);
  assertEquals(releases, ["3.14", "3.16"]);
  assert((await bash(["help", "c"]))?.includes("caps"));
  assertEquals(await bash(["completions", ""]), ["bash", "zsh", "fish"]);
  assert((await bash(["record", "-"]))?.includes("-o"));
  assertEquals(await bash(["lint", "--kernel", "=", "3"]), ["3.14", "3.16"]);
  assertEquals(await bash(["conform", "--paging", "="]), ["shadow", "ept"]);
});

Deno.test("completions bash keeps the name of a file with a blank in one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a guest.txt`, "");
    const names = await bash(["replay", `${folder}/a`]);
    if (names === null) return console.log("skipped: there is no bash");
    assertEquals(names, [`${folder}/a guest.txt`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("completions bash takes no command for a directory of its name", async () => {
  const text = await script("bash");
  // With -o filenames for all, `bench` becomes `bench/` where there is such a directory.
  assertEquals(text.split("\n").at(-2), "complete -F _ioeventfd ioeventfd");
});

Deno.test("completions bash gives each command its own choices", async () => {
  const kernels = (
    name: string,
  ): string[] => [
    ...commands.find((one) => one.name === name)!.options.find((o) => o.name === "kernel")!
      .choices!,
  ];
  if (await bash([""]) === null) return console.log("skipped: there is no bash");
  for (const name of ["lint", "run"]) {
    assertEquals(await bash([name, "--kernel", ""]), kernels(name));
  }
});

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`completions ${shell} is a script that ${shell} reads`, async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, await script(shell));
      const { success, stderr } = await new Deno.Command(shell, { args: ["-n", file] }).output();
      assert(success, new TextDecoder().decode(stderr));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.log(`skipped: there is no ${shell}`);
    } finally {
      await Deno.remove(file);
    }
  });
}
