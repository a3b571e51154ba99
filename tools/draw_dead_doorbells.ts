/**
 * Draws `docs/dead-doorbells.svg`: the array of three dead doorbells, and the steps of the search that passes each by, as the
 * model takes them.
 *
 * @module
 */
import { CoreBackend } from "@ioeventfd/kvm-core";
import { KVM_MMIO_BUS } from "@ioeventfd/uapi";
import { svgText } from "./svg_text.ts";

type Range = readonly [offset: number, len: 0 | 1 | 2 | 4 | 8];

interface Picture {
  readonly title: string;
  /** In the order in which they are registered. */
  readonly ranges: readonly Range[];
  /** The write that nobody gets. */
  readonly write: Range;
}

const A = 0xd000_0000;

const pictures: readonly Picture[] = [
  { title: "(a) turned to the right", ranges: [[4, 0], [0, 4]], write: [4, 4] },
  { title: "(b) turned to the left", ranges: [[1, 1], [2, 1], [0, 4]], write: [0, 4] },
  {
    title: "(c) landed, and stopped short",
    ranges: [[0, 1], [0, 2], [0, 4], [1, 1], [1, 2]],
    write: [1, 2],
  },
];

/** What a picture shows of the array and the search. */
interface Search {
  readonly entries: readonly { readonly offset: number; readonly len: number }[];
  readonly path: readonly { readonly index: number; readonly order: number }[];
  /** Entries that are asked. */
  readonly run: readonly number[];
}

function searchOf({ ranges, write: [offset, len] }: Picture): Search {
  using kvm = new CoreBackend().open();
  using vm = kvm.createVm();
  const fd = kvm.eventfd(0, 0);
  for (const [at, of] of ranges) {
    vm.assignIoeventfd({ bus: "mmio", addr: BigInt(A + at), match: { len: of }, fd });
  }
  const bus = vm.bus(KVM_MMIO_BUS);
  const entries = bus.entries().map(({ lo, len: of }) => ({ offset: (lo >>> 0) - A, len: of }));
  if (vm.guestWrite("mmio", BigInt(A + offset), len, 0n) !== "userspace") {
    throw new Error("That doorbell is not dead");
  }
  return { entries, ...bus.search(A + offset, 0, len) };
}

const place = (offset: number): string => offset === 0 ? "A" : `A+${offset}`;
const length = (len: number): string => len === 0 ? "any length" : `length ${len}`;

const WIDTH = 132, GAP = 14, LEFT = 16, ROW = 186;

function stepText(order: number): string {
  if (order < 0) return "the write begins below: left";
  return order > 0 ? "the write ends above: right" : "contains the write: here";
}

function draw(picture: Picture, top: number): string[] {
  const { entries, path, run } = searchOf(picture);
  const [offset, len] = picture.write;
  const registered = picture.ranges.map(([at, of]) => `${length(of)} at ${place(at)}`).join(", ");
  const out = [
    svgText(LEFT, top + 18, picture.title, "title"),
    svgText(LEFT, top + 38, `registered: ${registered}`, "small"),
    svgText(LEFT, top + 56, `a store of ${len} bytes to ${place(offset)}:`, "small"),
  ];
  entries.forEach((entry, i) => {
    const x = LEFT + i * (WIDTH + GAP), y = top + 68;
    const dead = entry.offset === offset && (entry.len === 0 || entry.len === len);
    const seen = path.some(({ index }) => index === i);
    const name = dead ? "dead" : seen ? "seen" : "cell";
    out.push(`<rect x="${x}" y="${y}" width="${WIDTH}" height="44" rx="6" class="${name}"/>`);
    out.push(svgText(x + WIDTH / 2, y + 19, place(entry.offset), "", "middle"));
    out.push(svgText(x + WIDTH / 2, y + 36, length(entry.len), "small", "middle"));
    out.push(svgText(x + 7, y + 13, String(i), "index"));
    if (dead) out.push(svgText(x + WIDTH / 2, y + 62, "matches, never asked", "lost", "middle"));
    else if (run.includes(i)) {
      out.push(svgText(x + WIDTH / 2, y + 62, "asked, and declines", "small", "middle"));
    }
  });
  const steps = path.map(({ index, order }, i) => `${i + 1}. place ${index}: ${stepText(order)}`);
  const next = (run.at(-1) ?? -1) + 1;
  if (next > 0 && next < entries.length) steps.push(`place ${next}: does not contain it: stop`);
  out.push(svgText(LEFT, top + 152, [...steps, "exit to userspace"].join(" · "), "small"));
  return out;
}

/** The picture. */
export function drawDeadDoorbells(): string {
  const most = Math.max(...pictures.map(({ ranges }) => ranges.length));
  const width = LEFT * 2 + most * (WIDTH + GAP) - GAP, height = pictures.length * ROW;
  const rows = pictures.flatMap((picture, i) => draw(picture, i * ROW));
  const about =
    "Three sets of registrations, the kernel's array of each, and the binary search that " +
    "passes by the entry a store matches exactly";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>Dead doorbells</title>
<desc>${about}</desc>
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.small { font-size: 12px }
.index { font-size: 10px; fill: #59636e }
.lost { font-size: 12px; fill: #b42318 }
rect { fill: #f6f8fa; stroke: #8c959f }
.seen { fill: #ddf4ff; stroke: #0969da }
.dead { fill: #ffebe9; stroke: #b42318; stroke-dasharray: 5 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .index { fill: #9198a1 }
  .lost { fill: #ff9a92 }
  rect { fill: #161b22; stroke: #6e7681 }
  .seen { fill: #0c2d4a; stroke: #58a6ff }
  .dead { fill: #3d1513; stroke: #ff7b72 }
}
</style>
${rows.join("\n")}
</svg>
`;
}

if (import.meta.main) {
  Deno.writeTextFileSync(
    new URL("../docs/dead-doorbells.svg", import.meta.url),
    drawDeadDoorbells(),
  );
  console.log("docs/dead-doorbells.svg");
}
