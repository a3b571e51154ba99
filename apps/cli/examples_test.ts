/** Every example of every command's help runs as printed, from the root of the repository. */
import { assert, assertEquals } from "@std/assert";
import { commands } from "./commands.ts";
import { runFake } from "./_fake_host.ts";

const root = new URL("../..", import.meta.url);

/** Words of a line as a shell splits them; quotes keep words together. */
function words(line: string): string[] {
  return (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replace(/^(['"])(.*)\1$/, "$2")
  );
}

for (const { name, examples } of commands) {
  for (const { line } of examples) {
    Deno.test(`ioeventfd ${line}`, async () => {
      assertEquals(words(line)[0], name);
      const before = Deno.cwd();
      Deno.chdir(root);
      try {
        const { code, stdout, stderr } = await runFake(words(line));
        if (line.includes("--backend kvm") && code === 4) return console.log(`skipped: ${stderr}`);
        assert(code === 0 || code === 1, `exit code ${code}: ${stderr}`);
        assert(stdout.length > 0, "nothing on stdout");
        assert(!stderr.includes("ioeventfd:"), stderr);
      } finally {
        Deno.chdir(before);
      }
    });
  }
}
