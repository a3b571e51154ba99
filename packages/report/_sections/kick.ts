/**
 * The picture of one kick along each way.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { KernelRelease } from "@ioeventfd/uapi";
import { grouped } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import { kickStories, type KickStory, type WalkEntry } from "../kick_story.ts";
import { type KickStep, kickSteps } from "./kick_steps.ts";

const names: readonly string[] = ["length 0", "length 2", "none"];

/** The section. */
export function kickSection(release: KernelRelease): Html {
  const stories = kickStories(release);
  const most = Math.max(...stories.map(({ cycles }) => cycles));
  const button = (move: string, text: string): Html =>
    markup`<button type="button" data-move="${move}">${text}</button>`;
  return markup`
    <section id="kick">
      <h2>One kick, step by step</h2>
      <p>The same two-byte store to a doorbell page, as the model of Linux ${release.name} ran it: with an ioeventfd of
    length 0, with one of length 2, and with none. Cycles are modelled; page-table entries are those that were read.</p>
      <figure class="kick">
        <div
          class="tools"><div role="group" aria-label="Step">${
    button(
      "first",
      "From the start",
    )
  }${button("back", "Back")}${button("on", "Next step")}${button("all", "All steps")}</div>
    <label>Modelled cycles <input type="range" min="0" max="${most}" value="${most}"></label>
    <output>All steps</output></div>
        <div class="paths">
    ${stories.map((story, i) => path(story, names[i]!))}</div>
      </figure>
    </section>
  `;
}

function path(story: KickStory, name: string): Html {
  const { title, cycles, trace } = story;
  let from = 0;
  const steps = kickSteps(story).map((step) => {
    const start = from;
    from += step.cycles;
    return { step, start };
  });
  const head = story.path === "fast-mmio"
    ? "the fast path"
    : story.userspaceExits > 0
    ? "out to userspace"
    : "the slow path";
  return markup`
    <div class="path" data-name="${name}" data-cycles="${cycles}">
      <h3>${capital(title)}</h3>
      <p class="lead">${capital(head)}: <b>${grouped(cycles)}</b> cycles</p>
      <ol>
    ${steps.map(({ step, start }) => stepItem(step, start))}</ol>
      <details>
        <summary>Tracepoints</summary>
        <ul class="trace">${
    trace.map(({ name, text }) => markup`<li><code>${name}: ${text}</code></li>`)
  }</ul>
      </details>
    </div>
  `;
}

function stepItem({ title, detail, cycles, walk, by }: KickStep, start: number): Html {
  return markup`
    <li class="${by}" data-from="${start}"
      data-title="${title}"><div class="step"><b>${title}</b>${
    cycles === 0 ? "" : markup`<span class="price">${grouped(cycles)}</span>`
  }</div>${detail === "" ? "" : markup`<p>${detail}</p>`}${
    walk === undefined ? "" : walkPicture(walk.linear, walk.entries)
  }</li>
  `;
}

/** A page walk, level by level: the address in its parts, and the entry that each part picks. */
function walkPicture(linear: bigint, entries: readonly WalkEntry[]): Html {
  const bits = 12 + 9 * (4 - entries.length);
  const offset = linear & ((1n << BigInt(bits)) - 1n);
  return markup`
    <div class="walk">
      <p class="parts"
        aria-label="${hex(linear)} in its parts"><span class="linear">${
    hex(
      linear,
    )
  }</span> =${
    entries.map(({ level, index }, i) =>
      markup`
            <span class="part l${i}">${level.replace(/E$/, "")} ${index}</span>
          `
    )
  } <span class="part offset">offset ${hex(offset)}</span></p>
      <ol>
    ${
    entries.map(({ level, index, at, value }, i) => {
      const table = at - BigInt(index * 8);
      return markup`
        <li
          class="l${i}"><span class="table"><span class="where">${i === 0 ? "CR3 → " : ""}${
        level
          .replace(/E$/, "")
      } at <code>${
        hex(
          table,
        )
      }</code></span><span class="entry">[${index}] <code>${
        hex(
          value,
        )
      }</code></span></span></li>
      `;
    })
  }<li class="page"><span class="table"><span class="where">${
    pageSize(
      entries.length,
    )
  } page</span><span
    class="entry"><code>${hex(linear)}</code></span></span></li>
      </ol>
    </div>
  `;
}

function pageSize(levels: number): string {
  return levels === 4 ? "4 KiB" : levels === 3 ? "2 MiB" : "1 GiB";
}

function capital(text: string): string {
  return text.startsWith("ioeventfd") ? text : text[0]!.toUpperCase() + text.slice(1);
}
