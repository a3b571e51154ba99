/** Deliberate mistakes in a copy of the model, each found by `ioeventfd conform` without any kernel. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { allMutants } from "./mutants/all_mutants.ts";
import { byGuestVectors, byHistories, byRegistrations } from "./mutants/mutant.ts";
import { edited, MutatedSources } from "./mutants/mutated_sources.ts";

const seed = "2";

function commandLine(conform: readonly string[]): string[] {
  const random = conform.includes("--vectors")
    ? []
    : ["--seed", seed, "--differences", "1", "--shrink", "1"];
  return ["conform", "--backend", "sim", "--json", ...conform, ...random];
}

Deno.test("conform finds every deliberate mistake in the model", async (test) => {
  using sources = new MutatedSources();
  for (const conform of [byRegistrations, [...byHistories, "--cases", "500"], byGuestVectors]) {
    await test.step(`none without one: ${conform.join(" ")}`, async () => {
      const { code, stderr } = await sources.run(commandLine(conform));
      assertEquals([code, stderr], [0, ""]);
    });
  }
  for (const { name, about, edits, conform } of allMutants) {
    await test.step(`${name}: ${about}`, async () => {
      using _ = sources.edit(edits);
      const { code, stdout, stderr } = await sources.run(commandLine(conform));
      assertEquals([code, stderr], [1, ""], `not found by ${conform.join(" ")}`);
      const { failures } = JSON.parse(stdout);
      assert(failures[0].differences.length > 0, stdout);
    });
  }
});

Deno.test("mutants have names of their own, and there are many", () => {
  const names = allMutants.map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
  assert(names.length >= 10);
});

Deno.test("edited() refuses text that is not there once", () => {
  const edit = { file: "f", find: "a", replace: "b" };
  assertEquals(edited("xay", edit), "xby");
  assertThrows(() => edited("xy", edit), Error, "0 times");
  assertThrows(() => edited("aa", edit), Error, "2 times");
});
