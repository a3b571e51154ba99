import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { scenarioOf } from "./scenario.ts";

const scenario = { name: "one", about: "Something", play() {} };

Deno.test("scenarioOf() gives the scenario of a module", () => {
  assertStrictEquals(scenarioOf({ scenario, other: 1 }), scenario);
  const full = { ...scenario, kernels: ["3.16", "4.4"], paging: "shadow" };
  assertEquals(scenarioOf({ scenario: full }).kernels, ["3.16", "4.4"]);
});

Deno.test("scenarioOf() says what a module lacks", () => {
  const cases: [unknown, string][] = [
    [undefined, "exports no `scenario`"],
    [{}, "exports no `scenario`"],
    [{ scenario: "one" }, "is not an object"],
    [{ scenario: { ...scenario, name: "" } }, "no name"],
    [{ scenario: { ...scenario, about: 1 } }, "no about"],
    [{ scenario: { ...scenario, play: undefined } }, "no play(stage)"],
    [{ scenario: { ...scenario, paging: "npt" } }, 'paging "npt"'],
    [{ scenario: { ...scenario, kernels: ["6.18"] } }, "among 3.14, seed"],
    [{ scenario: { ...scenario, kernels: "6.19" } }, "among 3.14, seed"],
  ];
  for (const [module, message] of cases) {
    assertThrows(() => scenarioOf(module), TypeError, message);
  }
});
