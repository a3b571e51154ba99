import { assertEquals, assertMatch } from "@std/assert";
import { kernelReleases } from "@ioeventfd/uapi";
import { runFake } from "../_fake_host.ts";
import { ruleNames } from "./_rule_names.ts";

Deno.test("caps shows every field of every release", async () => {
  const { code, stdout } = await runFake(["caps", "--json"]);
  assertEquals(code, 0);
  const { releases } = JSON.parse(stdout);
  assertEquals(
    releases.map(({ capabilities: _, ...rest }: Record<string, unknown>) => rest),
    JSON.parse(JSON.stringify(kernelReleases)).map((
      { capabilities: _, ...rest }: Record<string, unknown>,
    ) => rest),
  );
  const seed = releases.find((one: { name: string }) => one.name === "seed");
  assertEquals(seed.capabilities.IOEVENTFD_NO_LENGTH, { number: 100, value: 1 });
});

Deno.test("caps marks what is as in the release before", async () => {
  const { stdout } = await runFake(["caps"]);
  assertMatch(stdout, /^ {2}len 0 on MMIO and CCW +no +yes +=( +=)+$/m);
  assertMatch(stdout, /^ {2}100 IOEVENTFD_NO_LENGTH +0 +1 +=( +=)+$/m);
});

Deno.test("caps has a name for every rule", () => {
  const { capabilities: _, name: __, title: ___, ...groups } = kernelReleases.at(-1)!;
  for (const [group, rules] of Object.entries(groups)) {
    const names = Object.entries(ruleNames).find(([one]) => one === group)?.[1];
    assertEquals(Object.keys(names ?? {}).sort(), Object.keys(rules).sort(), `names of ${group}`);
  }
});

Deno.test("caps --kernel shows one release", async () => {
  const { stdout } = await runFake(["caps", "--kernel", "5.15"]);
  assertMatch(stdout, /^ {2}assign without irqchip +EINVAL$/m);
});

Deno.test("caps tells changes one behind the other on a narrow terminal", async () => {
  const { stdout } = await runFake(["caps", "--no-color"], { terminal: true });
  assertMatch(stdout, /^ {2}100 IOEVENTFD_NO_LENGTH +0; seed: 1$/m);
  assertMatch(stdout, /^ {2}len 0 on PIO +no; 4\.4: yes$/m);
  assertEquals(stdout.split("\n").filter((line) => line.length > 80), []);
});
