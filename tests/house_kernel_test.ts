// Citations of the kernel have one grammar, and name places of tests/testdata/kernel_places.json. That table is made by
// `deno task citations --kernel DIR --tree RELEASE --write`, which looks each of them up in that release's source: a
// function that is not in the file, or a file that is not in the release, never gets there. The source is not in this
// repository, so a citation of another place needs the task to be run.
import { assert, assertEquals } from "@std/assert";
import { kernelReleases } from "@ioeventfd/uapi";
import { findDefinition } from "../tools/find_definition.ts";
import { listCitations, parseKernelPlaces } from "../tools/kernel_citations.ts";
import { kernelPage, pagePath } from "../tools/kernel_page.ts";
import { kindOf, readKernelTable, tablePath, writeKernelTable } from "../tools/kernel_table.ts";
import { listFiles, root } from "../tools/workspace.ts";

/** Trees that are no release: what the zero length and the fast bus came with. */
const commits = ["f848a5a8dcb6", "68c3b4d1676d"];

const citations = listCitations();
const table = readKernelTable();
const evidence = Object.entries(table.files).flatMap(([file, symbols]) =>
  Object.entries(symbols).flatMap(([symbol, { trees }]) =>
    Object.entries(trees).map(([tree, how]) => ({
      place: `${tree} ${file} ${symbol}`.trimEnd(),
      tree,
      how,
    }))
  )
);

Deno.test("every KERNEL line names trees, files and functions", () => {
  assert(citations.length > 200, `${citations.length} found`);
  const wrong = citations.filter(({ places }) => places === null);
  assertEquals(wrong.map(({ path, line, text }) => `${path}:${line} ${text}`), []);
});

Deno.test("every KERNEL line is of a release that is modelled, or of a commit between them", () => {
  const trees = [...kernelReleases.map(({ name }) => name), ...commits];
  const wrong = citations.filter(({ places }) =>
    places?.some(({ tree }) => !trees.includes(tree)) ?? false
  );
  assertEquals(wrong.map(({ path, line }) => `${path}:${line}`), []);
});

Deno.test("every place that a KERNEL line names is in the table, and no other", () => {
  const known = new Set(evidence.map(({ place }) => place));
  const named = new Map<string, string>();
  for (const { path, line, places } of citations) {
    for (const { tree, file, symbol } of places ?? []) {
      if (file !== "") named.set(`${tree} ${file} ${symbol}`.trimEnd(), `${path}:${line}`);
    }
  }
  const unknown = [...named].filter(([place]) => !known.has(place));
  assertEquals(
    unknown.map(([place, at]) => `${at} ${place}: deno task citations --kernel DIR --write`),
    [],
  );
  assertEquals([...known].filter((place) => !named.has(place)), []);
});

Deno.test("every place of the table is a line of a tree it names, was read there, or says why not", () => {
  const wrong = evidence.filter(({ tree, how }) => {
    if (typeof how === "number") {
      return !Number.isInteger(how) || how < 1 || !(tree in table.trees);
    }
    if (kindOf(how) === "unseen") return !/^unseen: .{20,}/.test(how);
    const commit = /^read: ([0-9a-f]{12}), /.exec(how)?.[1];
    return commit === undefined || !(commit in table.trees);
  });
  assertEquals(wrong.map(({ place }) => place), []);
  for (const [tree, name] of Object.entries(table.trees)) {
    assert(name.startsWith(`linux ${tree}.`) || name.includes(` at ${tree}`), `${tree}: ${name}`);
  }
});

Deno.test("all places of the newest release are lines of its source", () => {
  const newest = kernelReleases.at(-1)!.name;
  const wrong = evidence.filter(({ tree, how }) => tree === newest && kindOf(how) !== "line");
  assertEquals(wrong.map(({ place }) => place), []);
});

Deno.test("docs/kernel.md and the table are as the task writes them", () => {
  const again = "not as written: deno task citations --write";
  assert(
    Deno.readTextFileSync(pagePath) === kernelPage(citations, table, listFiles("packages", ".ts")),
    `docs/kernel.md is ${again}`,
  );
  assert(Deno.readTextFileSync(tablePath) === writeKernelTable(table), `The table is ${again}`);
});

Deno.test("the task refuses a call for a definition, a missing file and another release's tree", async () => {
  const kernel = await Deno.makeTempDir({ prefix: "ioeventfd-kernel-" });
  try {
    await Deno.writeTextFile(`${kernel}/Makefile`, "VERSION = 5\nPATCHLEVEL = 15\nSUBLEVEL = 3\n");
    await Deno.mkdir(`${kernel}/virt/kvm`, { recursive: true });
    const call =
      "int other(void)\n{\n\tif (coalesced_mmio_has_room(dev, last))\n\t\treturn 0;\n}\n";
    await Deno.writeTextFile(`${kernel}/virt/kvm/coalesced_mmio.c`, call);
    const ask = async (tree: string): Promise<[number, string]> => {
      const { code, stderr } = await new Deno.Command("deno", {
        args: [
          ...["run", "--no-check", `--allow-read=.,${kernel}`, "tools/check_citations.ts"],
          ...["--kernel", kernel, "--tree", tree],
        ],
        cwd: root,
        stdin: "null",
      }).output();
      return [code, new TextDecoder().decode(stderr)];
    };
    const [code, said] = await ask("5.15");
    assertEquals(code, 1);
    const places = said.split("\n").map((line) => line.replace(/^\S+:\d+ /, ""));
    const room = "5.15 virt/kvm/coalesced_mmio.c coalesced_mmio_has_room: not defined there";
    const bus = "5.15 virt/kvm/kvm_main.c kvm_io_bus_unregister_dev: there is no such file";
    assert(places.includes(room) && places.includes(bus), said);
    const [other] = await ask("6.19");
    assertEquals(other, 2);
  } finally {
    await Deno.remove(kernel, { recursive: true });
  }
});

Deno.test("kernelPage() names the tests beside our files, and those that name the place", () => {
  const places = [{ tree: "6.19", file: "fs/a.c", symbol: "alpha" }];
  const of = (path: string) => ({ path, line: 1, text: "", places });
  const cited = ["packages/x/_alpha.ts", "packages/x/other_test.ts", "tests/a_cases.ts"].map(of);
  const known = {
    trees: { "6.19": "linux 6.19.6" },
    files: { "fs/a.c": { alpha: { trees: { "6.19": 7 } } } },
  };
  const page = kernelPage(cited, known, ["packages/x/alpha_test.ts", "packages/y/alpha_test.ts"]);
  const row = page.split("\n").find((line) => line.startsWith("| `alpha`"))!;
  assertEquals(row.split("|").slice(2).map((cell) => cell.trim()), [
    "6.19:7",
    "",
    "[x/_alpha.ts](../packages/x/_alpha.ts)",
    "[x/alpha_test.ts](../packages/x/alpha_test.ts), [x/other_test.ts](../packages/x/other_test.ts), " +
    "[tests/a_cases.ts](../tests/a_cases.ts)",
    "",
  ]);
});

Deno.test("findDefinition() finds what a file defines, on its line", () => {
  const source = `/* struct beta { */
#define ALPHA_MAX 4
#define ALPHA_MIN \\
	(ALPHA_MAX - 1)
struct alpha;
struct alpha {
	int count, size;
	struct gamma delta[2];
};
enum { FIRST, SECOND = 2, };
static int first_one(int x);
static int
first_one(int x)
{
	if (second_one(x))
		return 1;
}
int second_one(struct alpha *a,
	       int x) __must_hold(&lock)
{
	char *text = "third_one(void) {";
}
static const struct op table[] = {
	[0] = { first_one },
};
extern int elsewhere;
TRACE_EVENT(some_event,
	TP_PROTO(int x)
);
SYSCALL_DEFINE2(some_call, int, a, int, b)
{
}
static int FNAME(walk)(int x)
{
}
`;
  const lines: Record<string, number | null> = {
    "": 1,
    ALPHA_MAX: 2,
    ALPHA_MIN: 3,
    "ALPHA_*": 2,
    alpha: 6,
    "alpha.size": 7,
    "alpha.delta": 8,
    "alpha.gamma": null,
    FIRST: 10,
    SECOND: 10,
    first_one: 13,
    second_one: 18,
    table: 23,
    some_event: 27,
    some_call: 30,
    walk: 33,
    // a comment, a string, a type and a declaration only
    beta: null,
    third_one: null,
    gamma: null,
    op: null,
    elsewhere: null,
    "BETA_*": null,
    alph: null,
  };
  for (const [symbol, line] of Object.entries(lines)) {
    assertEquals(findDefinition(source, symbol), line, symbol);
  }
});

Deno.test("parseKernelPlaces() reads several trees, files and functions, and no remark", () => {
  assertEquals(
    parseKernelPlaces("3.16, 4.4 a/b.c one, struct two: and so on; 6.19 nothing"),
    [
      { tree: "3.16", file: "a/b.c", symbol: "one" },
      { tree: "4.4", file: "a/b.c", symbol: "one" },
      { tree: "3.16", file: "a/b.c", symbol: "two" },
      { tree: "4.4", file: "a/b.c", symbol: "two" },
    ],
  );
  assertEquals(parseKernelPlaces("4.4 a/b.c one; 6.19 c.h two"), [
    { tree: "4.4", file: "a/b.c", symbol: "one" },
    { tree: "6.19", file: "a/c.h", symbol: "two" },
  ]);
  assertEquals(parseKernelPlaces("6.19"), [{ tree: "6.19", file: "", symbol: "" }]);
  for (
    const wrong of ["a/b.c one", "6.19 one", "6.19 a/b.c a remark", "6.19 a/b.c one; a remark"]
  ) {
    assertEquals(parseKernelPlaces(wrong), null, wrong);
  }
});
