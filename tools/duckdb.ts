/**
 * SQL over exported recordings: `deno run --no-config --lock=tools/duckdb.lock --allow-all tools/duckdb.ts 'set/*.parquet' < query.sql`.
 * The files are the table `events`; without files there is only the SQL. Prints a table, or with `--json` an array of rows.
 *
 * DuckDB is some 140 MB, so it is no dependency of the repository: this fetches it when it runs, at one exact version
 * whose hashes are in a lock file of its own.
 *
 * @module
 */

/** The part of DuckDB's interface in use. */
interface Duckdb {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{
        run(sql: string): Promise<unknown>;
        runAndReadAll(sql: string): Promise<{
          columnNames(): string[];
          getRowsJS(): (string | number | bigint | null)[][];
        }>;
      }>;
    }>;
  };
}

// Not written out, or every command of the repository would fetch it.
const library: string = ["npm:@duckdb/node-api", "1.5.4-r.1"].join("@");

const { DuckDBInstance }: Duckdb = await import(library);
const files = Deno.args.find((word) => word !== "--json");
const connection = await (await DuckDBInstance.create(":memory:")).connect();
if (files !== undefined) {
  await connection.run(
    `CREATE VIEW events AS SELECT * FROM read_parquet('${files.replaceAll("'", "''")}')`,
  );
}
const sql = await new Response(Deno.stdin.readable).text();
const result = await connection.runAndReadAll(sql);
const names = result.columnNames();
const rows = result.getRowsJS();
if (Deno.args.includes("--json")) {
  const plain = rows.map((row) => Object.fromEntries(row.map((cell, i) => [names[i]!, cell])));
  console.log(
    JSON.stringify(plain, (_, cell) => typeof cell === "bigint" ? Number(cell) : cell),
  );
} else {
  const cells = [names, ...rows.map((row) => row.map((cell) => cell === null ? "" : String(cell)))];
  const widths = names.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const right = names.map((_, i) => rows.every((row) => typeof row[i] !== "string"));
  for (const row of cells) {
    const line = row.map((cell, i) =>
      right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)
    );
    console.log(line.join("  ").trimEnd());
  }
}
