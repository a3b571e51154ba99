// The SQL of docs/sql over exported recordings gives what `ioeventfd replay --json` says of them, to the last digit; and
// docs/large-recordings.md shows what its commands print. Both need DuckDB, which is fetched once.
import { assert, assertEquals } from "@std/assert";
import type { DoorbellReport, Outcomes } from "@ioeventfd/capture";
import { exportParquet } from "@ioeventfd/export";
import { readText, root } from "../tools/workspace.ts";
import { askDuckdb, reasonForNoDuckdb } from "./_duckdb.ts";
import { runPage } from "./_page_session.ts";

const recordings = [...Deno.readDirSync(new URL("captures/", root))]
  .map(({ name }) => `captures/${name}`)
  .filter((name) => /trace\.txt(\.gz)?$/.test(name)).sort();
const missing = await reasonForNoDuckdb();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

/** Of `replay --json`, what the SQL gives too. */
interface Replayed {
  readonly recording: string;
  readonly writes: number;
  readonly outcomes: Outcomes;
  readonly exits: { readonly observed: number; readonly reasons: Readonly<Record<string, number>> };
  readonly doorbells: readonly DoorbellReport[];
}

async function replays(): Promise<Replayed[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-read", "apps/cli/main.ts"]
      .concat("replay", "--json", recordings),
    cwd: root,
    stdin: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).recordings;
}

/** The recordings as a set of Parquet files: the place of the first decides that of all. */
async function exportAll(folder: string): Promise<void> {
  for (const [i, recording] of recordings.entries()) {
    const bytes = await Deno.readFile(new URL(recording, root));
    using file = await Deno.create(`${folder}/${i}.parquet`);
    await exportParquet(recording, () => bytes, (part) => {
      for (let done = 0; done < part.length;) done += file.writeSync(part.subarray(done));
    });
  }
}

/** Rows in an order of their own: engines and locales sort text differently. */
function sorted<Row>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

Deno.test({
  name: `SQL over every recording of captures/ gives the rows of replay${skipped}`,
  ignore: missing !== null,
  fn: async (t) => {
    const folder = await Deno.makeTempDir({ prefix: "ioeventfd-sql-" });
    try {
      await exportAll(folder);
      const reports = await replays();
      const ask = (sql: string) => askDuckdb(`${folder}/*.parquet`, readText(`docs/sql/${sql}`));
      await t.step("doorbells.sql: doorbells", async () => {
        const expected = reports.flatMap(({ recording, doorbells }) =>
          doorbells
            .filter(({ writes, registration }) => writes > 0 && registration !== "none")
            .map((row) => ({
              recording,
              bus: row.bus,
              address: row.addr,
              registration: row.registration,
              doorbell_len: row.len,
              datamatch: row.datamatch,
              writes: row.writes,
              signals: row.signals,
              coalesced: row.coalesced,
              in_kernel: row.inKernel,
              exited: row.userspace,
              first_ns: row.firstNs,
              last_ns: row.lastNs,
              gap_mean: row.gapNs?.mean ?? null,
              gap_min: row.gapNs?.min ?? null,
              gap_max: row.gapNs?.max ?? null,
              vm: row.vm,
            }))
        );
        assert(expected.length > 100, `${expected.length} doorbells`);
        assertEquals(sorted(await ask("doorbells.sql")), sorted(expected));
      });
      await t.step("outcomes.sql: outcomes and exits", async () => {
        const expected = reports.map(({ recording, writes, outcomes, exits }) => ({
          recording,
          writes,
          signals: outcomes.ioeventfd,
          coalesced: outcomes.coalesced,
          in_kernel: outcomes.inKernel,
          to_userspace: outcomes.userspace,
          exits: exits.observed,
          io_exits: exits.reasons.KVM_EXIT_IO,
          mmio_exits: exits.reasons.KVM_EXIT_MMIO,
        }));
        assertEquals(sorted(await ask("outcomes.sql")), sorted(expected));
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: `docs/large-recordings.md shows what its commands print${skipped}`,
  ignore: missing !== null,
  fn: (t) => runPage(t, readText("docs/large-recordings.md")),
});
