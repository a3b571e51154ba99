// The counting behind deno task coverage.
import { assert, assertEquals } from "@std/assert";
import { parseLcov, showLines, sumCoverage } from "../tools/lcov.ts";
import { readMembers, readText } from "../tools/workspace.ts";

const report = `SF:/a.ts
FN:1,one
FNDA:3,one
BRDA:2,0,0,3
BRDA:2,0,1,0
BRDA:4,1,0,-
DA:1,3
DA:2,0
DA:3,0
DA:5,0
LH:1
LF:4
end_of_record
SF:/b.ts
DA:1,1
end_of_record
`;

Deno.test("parseLcov() reads lines and branches of each file", () => {
  assertEquals(parseLcov(report), [
    { path: "/a.ts", lines: 4, missedLines: [2, 3, 5], branches: 3, missedBranches: 2 },
    { path: "/b.ts", lines: 1, missedLines: [], branches: 0, missedBranches: 0 },
  ]);
  assertEquals(parseLcov(""), []);
});

Deno.test("sumCoverage() adds files up", () => {
  assertEquals(sumCoverage(parseLcov(report)), {
    lines: 5,
    missedLines: 3,
    branches: 3,
    missedBranches: 2,
  });
});

Deno.test("showLines() puts neighbours together", () => {
  assertEquals(showLines([2, 3, 5, 7, 8, 9]), "2–3 5 7–9");
  assertEquals(showLines([]), "");
});

Deno.test("docs/coverage.md speaks of every package", () => {
  const page = readText("docs/coverage.md");
  for (const { folder } of readMembers()) {
    const name = folder.replace(/^.*\//, "");
    assert(page.includes(`\`${name}\``), name);
  }
});
