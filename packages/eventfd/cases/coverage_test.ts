import { assertEquals } from "@std/assert";
import { caseIds } from "../testdata/case_ids.ts";
import { casesElsewhere } from "../testdata/cases_elsewhere.ts";

/** Ids that tests of this folder are named after, as often as they are. */
function testedIds(): string[] {
  const folder = new URL("./", import.meta.url);
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith("_test.ts"))
    .map(({ name }) => Deno.readTextFileSync(new URL(name, folder)))
    .flatMap((text) => [...text.matchAll(/^Deno\.test\("([A-Z]{2}_\d+) /gm)].map(([, id]) => id!));
}

/** Ids that the table of cases elsewhere speaks for. */
function idsElsewhere(): string[] {
  return casesElsewhere.flatMap(({ ids }) =>
    ids.split(" ").flatMap((id) =>
      id.includes("_") ? [id] : caseIds.filter((known) => known.startsWith(`${id}_`))
    )
  );
}

Deno.test("caseIds are each a test or a reason, and only one of the two", () => {
  assertEquals([...testedIds(), ...idsElsewhere()].sort(), [...caseIds].sort());
});

Deno.test("casesElsewhere gives a reason for each", () => {
  assertEquals(casesElsewhere.filter(({ reason }) => reason.trim() === ""), []);
});
