/**
 * A terminal recording as one animated SVG, light and dark: `deno run -A tools/record_terminal.ts SESSION.sh OUT.svg`.
 *
 * The session is a shell script that runs on a terminal of its own by script(1); a terminal emulator reads what it wrote.
 * Pauses are shortened. Who wants no motion, and who cannot show it, sees the last picture.
 *
 * @module
 */
import xterm from "npm:@xterm/headless@6.0.0";

const COLUMNS = 112, ROWS = 22;
/** Pixels of a cell and around the text. */
const CELL = 8, LINE = 18, EDGE = 14;
/** A picture is taken when the terminal is quiet for so long; no picture but the last stays longer than the second, that one for the third. */
const QUIET = 0.04, PAUSE = 0.5, HOLD = 5;
/** Pictures a second, at most. */
const RATE = 3;

/** One state of the screen, for some time. */
interface Frame {
  readonly rows: readonly string[];
  readonly seconds: number;
}

/** What `script` wrote: bytes, and how long to wait before how many of them. */
interface Typescript {
  readonly bytes: Uint8Array;
  readonly timing: readonly (readonly [seconds: number, bytes: number])[];
}

async function play(session: string): Promise<Typescript> {
  const folder = await Deno.makeTempDir();
  try {
    const { code } = await new Deno.Command("script", {
      args: ["-qec", `stty cols ${COLUMNS} rows ${ROWS}; exec bash ${session}`]
        .concat("--log-out", `${folder}/out`, "--log-timing", `${folder}/timing`),
      env: { TERM: "xterm-256color" },
      stdin: "null",
      stdout: "null",
    }).output();
    if (code !== 0) throw new Error(`The session ended with ${code}`);
    const log = await Deno.readFile(`${folder}/out`);
    const timing = await Deno.readTextFile(`${folder}/timing`);
    const pairs = timing.trim().split("\n").map((line) => line.split(" ").map(Number));
    // The first line of the log is of script itself.
    return {
      bytes: log.subarray(log.indexOf(0x0a) + 1),
      timing: pairs.map(([seconds, bytes]) => [seconds!, bytes!] as const),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

type Buffer = InstanceType<typeof xterm.Terminal>["buffer"]["active"];

/** A line of the screen as text elements: one for each run of a style. */
function drawRow(buffer: Buffer, y: number): string {
  const line = buffer.getLine(buffer.viewportY + y)!;
  const out: string[] = [];
  for (let x = 0; x < COLUMNS;) {
    const styleAt = (at: number): string => {
      const cell = line.getCell(at)!;
      const colour = cell.isFgPalette() ? ` c${cell.getFgColor() % 8}` : "";
      return `${cell.isBold() ? " b" : ""}${cell.isDim() ? " d" : ""}${colour}`.trim();
    };
    const style = styleAt(x);
    let end = x + 1;
    while (end < COLUMNS && styleAt(end) === style) end++;
    const whole = line.translateToString(false, x, end);
    const from = x + whole.length - whole.trimStart().length;
    const text = whole.trim();
    if (text !== "") {
      const name = style === "" ? "" : ` class="${style}"`;
      const size = `x="${from * CELL}" textLength="${text.length * CELL}"`;
      out.push(`<text ${size}${name}>${text.replace(/[&<>]/g, (c) => escapes[c]!)}</text>`);
    }
    x = end;
  }
  return out.join("");
}

/** Pictures of what a terminal shows, where they differ. */
async function filmOf({ bytes, timing }: Typescript): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  const frames: { rows: string[]; seconds: number }[] = [];
  let at = 0, waited = 0;
  for (const [i, [, count]] of timing.entries()) {
    const chunk = bytes.subarray(at, at += count);
    await new Promise<void>((done) => terminal.write(chunk, done));
    const next = timing[i + 1]?.[0] ?? HOLD;
    waited += next;
    const last = i === timing.length - 1;
    if (!last && (next < QUIET || waited < 1 / RATE)) continue;
    const rows = Array.from({ length: ROWS }, (_, y) => drawRow(terminal.buffer.active, y));
    const seconds = last ? HOLD : Math.min(waited, PAUSE);
    waited = 0;
    const before = frames.at(-1);
    if (before !== undefined && before.rows.join() === rows.join()) before.seconds += seconds;
    else frames.push({ rows, seconds });
  }
  return frames;
}

/**
 * Draws a film: the pictures one below the other, of which one is seen.
 *
 * @param frames Pictures in order
 * @param about What they show, for who cannot see it
 */
function drawFilm(frames: readonly Frame[], about: string): string {
  const width = COLUMNS * CELL + 2 * EDGE, height = ROWS * LINE + 2 * EDGE;
  const ids = new Map<string, number>();
  const pictures = frames.map(({ rows }, frame) => {
    const uses = rows.flatMap((row, y) => {
      if (row === "") return [];
      if (!ids.has(row)) ids.set(row, ids.size);
      return [`<use href="#r${ids.get(row)}" y="${(y + 1) * LINE - 5}"/>`];
    });
    return `<g transform="translate(${EDGE} ${frame * height + EDGE})">${uses.join("")}</g>`;
  });
  const total = frames.reduce((sum, { seconds }) => sum + seconds, 0);
  let at = 0;
  const steps = frames.map(({ seconds }, i) => {
    const percent = (at / total * 100).toFixed(3);
    at += seconds;
    return `${percent}%{transform:translateY(${-i * height}px)}`;
  });
  const rest = -(frames.length - 1) * height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>Terminal</title>
<desc>${about.replace(/[&<>]/g, (c) => escapes[c]!)}</desc>
<style>
rect { fill: #f6f8fa; stroke: #d1d9e0 }
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
.b { font-weight: 700 } .d { fill: #59636e }
.c1 { fill: #b42318 } .c2 { fill: #1a7f37 } .c3 { fill: #9a6700 } .c4 { fill: #0969da } .c6 { fill: #1b7c83 }
.film { transform: translateY(${rest}px); animation: play ${total.toFixed(2)}s step-end infinite }
@keyframes play { ${steps.join(" ")} }
@media (prefers-reduced-motion: reduce) { .film { animation: none } }
@media (prefers-color-scheme: dark) {
  rect { fill: #161b22; stroke: #3d444d }
  text { fill: #e6edf3 }
  .d { fill: #9198a1 }
  .c1 { fill: #ff7b72 } .c2 { fill: #3fb950 } .c3 { fill: #d29922 } .c4 { fill: #58a6ff } .c6 { fill: #39c5cf }
}
</style>
<defs>
${[...ids].map(([row, id]) => `<g id="r${id}">${row}</g>`).join("\n")}
</defs>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<g class="film">
${pictures.join("\n")}
</g>
</svg>
`;
}

if (import.meta.main) {
  const [session, file] = Deno.args;
  if (session === undefined || file === undefined) {
    console.error("Usage: tools/record_terminal.ts SESSION.sh OUT.svg");
    Deno.exit(2);
  }
  const about = (await Deno.readTextFile(session)).match(/^# (.*)$/m)?.[1] ?? session;
  const frames = await filmOf(await play(session));
  await Deno.writeTextFile(file, drawFilm(frames, about));
  console.log(`${file}: ${frames.length} pictures`);
}
