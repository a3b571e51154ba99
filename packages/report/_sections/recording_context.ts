/**
 * What the sections about one recording share.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { DoorbellReport } from "@ioeventfd/capture";
import { type Html, type HtmlPart, markup } from "../_html.ts";
import type { PageBuilder } from "../_page/builder.ts";
import type { PathCosts } from "../path_costs.ts";
import type { RecordingStudy } from "../study_recording.ts";

/** A recording on the page. */
export interface RecordingContext {
  /** The page. */
  readonly builder: PageBuilder;
  /** Name in the page, which the names of its parts begin with. */
  readonly id: string;
  /** File. */
  readonly name: string;
  /** What there is to say. */
  readonly study: RecordingStudy;
  /** What one write costs on the recorded kernel. */
  readonly costs: PathCosts;
  /** Rows of its largest table, and a fraction of that of others. */
  readonly mostRows: number;
  /** Steps of its timeline. */
  readonly mostSteps: number;
  /** Whether it has several VMs, so that rows say whose they are. */
  readonly hasVms: boolean;
}

/** What is so as recorded, and what would be with length 0; once where it is the same. */
export function both(was: string, would: string): HtmlPart {
  if (was === would) return was;
  return markup`<span class="was">${was}</span><span class="would">${would}</span>`;
}

/** `mmio 0xfebfb000`. */
export function place({ bus, addr }: Pick<DoorbellReport, "bus" | "addr">): Html {
  return markup`<span class="bus">${bus}</span> <code>${hex(addr)}</code>`;
}

/** `any`, `4`, or the lengths seen. */
export function lengthText({ len, lengths }: Pick<DoorbellReport, "len" | "lengths">): string {
  if (len === null) return lengths.length === 0 ? "?" : `${lengths.join(", ")} seen`;
  return len === 0 ? "any" : String(len);
}

/** Says what a table left out, and which command tells all. */
export function leftOut(
  shown: number,
  all: number,
  what: string,
  command: "replay" | "lint" = "replay",
): HtmlPart {
  if (shown >= all) return "";
  return markup`<p class="note">The first ${shown} of ${all} ${what}; <code>ioeventfd ${command} --json</code>
lists all.</p>`;
}
