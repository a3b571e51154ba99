// What JSR asks of a package, as far as a file can show it: an entry point for every public file, documents and an example.
import { assert, assertEquals } from "@std/assert";
import { entryPoints } from "../tools/entry_points.ts";
import { readMembers, readText, root } from "../tools/workspace.ts";

const packages = readMembers().filter(({ folder }) => folder.startsWith("packages/"));

for (const { folder, name, exports } of packages) {
  Deno.test(`every public file of ${name} is an entry point: deno task exports writes them`, () => {
    const config = JSON.parse(readText(`${folder}/deno.json`));
    assertEquals(config.exports, entryPoints(folder));
    assertEquals(config.exports["."], "./mod.ts");
  });

  Deno.test(`every entry point of ${name} begins with the module's documentation`, () => {
    const bare = Object.values(exports).filter((path) =>
      !/^(\/\/.*\n)*\/\*\*(?:(?!\*\/)[\s\S])*? \* @module\n \*\/\n/.test(readText(path))
    );
    assertEquals(bare, []);
  });

  // The gate looks at all packages at once, where a type may be public in another.
  Deno.test(`${name} itself exports every type that its own are made of`, async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["doc", "--lint", exports[name]!],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  });

  Deno.test(`README.md of ${name} shows an example that is run`, () => {
    assert(/^```ts\n/m.test(readText(`${folder}/README.md`)), "No block of TypeScript");
  });

  Deno.test(`${name} publishes no tests, benches or test data`, () => {
    const { publish } = JSON.parse(readText(`${folder}/deno.json`));
    assertEquals(publish.exclude, ["**/*_test.ts", "**/*_bench.ts", "testdata/"]);
  });
}

Deno.test("entryPoints() leaves out what is private, tests and test data", () => {
  const names = Object.keys(entryPoints("packages/vmx-sim"));
  assert(names.includes("./isa") && names.includes("./isa/cpu-state"), names.join(" "));
  assertEquals(names.filter((name) => /\/_|-test$|-bench$|testdata/.test(name)), []);
});
