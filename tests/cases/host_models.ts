/**
 * Which model stands for this host's kernel.
 *
 * @module
 */
import { playGuest } from "@ioeventfd/conform";
import { type KernelRelease, kernelReleases, type KvmBackend } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import type { Case } from "./case.ts";

/** The series that the rules of the newest release were observed on. */
const OBSERVED: readonly [number, number] = [6, 18];

/**
 * The release of a running kernel.
 *
 * @returns What uname(1) says, such as `6.18.44-generic`
 */
export function hostRelease(): string {
  const { stdout } = new Deno.Command("uname", { args: ["-r"], stdin: "null" }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

/**
 * The releases that a kernel may behave like: the nearest that is not newer, and the nearest that is not older.
 *
 * @param running Release of a running kernel
 * @returns One release when it is known exactly, else two
 */
export function releasesAround(running: string): KernelRelease[] {
  const version = seriesOf(running);
  const series = kernelReleases.filter(({ name }) => /^\d/.test(name));
  const newest = series.at(-1)!;
  if (compare(version, OBSERVED) >= 0) return [newest];
  const below = series.findLast(({ name }) => compare(seriesOf(name), version) <= 0) ?? series[0]!;
  const above = series.find(({ name }) => compare(seriesOf(name), version) >= 0) ?? newest;
  return below === above ? [below] : [below, above];
}

function seriesOf(release: string): [number, number] {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return [Number(major), Number(minor)];
}

function compare([major, minor]: readonly number[], [other, less]: readonly number[]): number {
  return major! - other! || minor! - less!;
}

/** A guest that loads from a zero-length doorbell twice: with EPT the second load rings it. */
const loadTwice = {
  mode: "real16",
  insn: "mov al, [0x40]; mov al, [0x40]; hlt",
  tag: "",
  code: Uint8Array.of(0xa0, 0x40, 0, 0xa0, 0x40, 0, 0xf4),
  esIsMmio: false,
  scratch: new Uint8Array(),
  mmioOffset: 0x40,
  registrations: [{ addr: 0xd000_0040n, len: 0, flags: 0, datamatch: 0n }],
} as const;

/**
 * How a KVM translates its guests' addresses, as far as doorbells can tell.
 *
 * @param backend A backend with a CPU
 * @returns `ept` when its fast MMIO bus is asked, else `shadow`
 */
export function pagingOf(backend: KvmBackend): "ept" | "shadow" {
  return (playGuest(backend, loadTwice)?.counters[0] ?? 0n) > 0n ? "ept" : "shadow";
}

/** Models of what a host's kernel may be. */
export class HostModels {
  /** Release of the running kernel. */
  readonly running: string;
  /** What its guests' addresses are translated by. */
  readonly paging: "ept" | "shadow";
  /** The models, one or two. */
  readonly models: readonly VmxBackend[];
  readonly #releases: readonly KernelRelease[];

  /**
   * Looks at a host.
   *
   * @param live Its backend
   * @param running Release of its kernel
   */
  constructor(live: KvmBackend, running: string = hostRelease()) {
    const paging = pagingOf(live);
    this.running = running;
    this.paging = paging;
    this.#releases = releasesAround(running);
    this.models = this.#releases.map((release) => new VmxBackend({ release, paging }));
  }

  /** Whether it is what the cases were written for: the newest release, without EPT. */
  get isAsObserved(): boolean {
    return this.paging === "shadow" && this.#releases[0] === kernelReleases.at(-1);
  }

  /**
   * Why a case cannot be asked of this host.
   *
   * @param one The case
   * @returns The reason; null when it can
   */
  whySkipped(one: Case): string | null {
    if (this.isAsObserved) return null;
    for (const [i, model] of this.models.entries()) {
      try {
        one.play(model);
      } catch {
        const how = this.paging === "ept" ? " with EPT" : "";
        return `Linux ${this.running} may answer otherwise, as the model of ${
          this.#releases[i]!.name
        }${how} does`;
      }
    }
    return null;
  }
}
