/**
 * Which kernel: `--kernel RELEASE`, `--recorded-on RELEASE`, `--ept`.
 *
 * @module
 */
import { kernelReleases, latestRelease, release } from "@ioeventfd/uapi";
import type { KernelRelease } from "@ioeventfd/uapi";
import type { OptionSpec } from "./command.ts";
import type { OptionValues } from "./option_values.ts";

const names = kernelReleases.map((one) => one.name);

/** One release. */
export const kernelOption: OptionSpec = {
  name: "kernel",
  value: "RELEASE",
  choices: names,
  summary: `Kernel release to follow, ${latestRelease.name} unless given`,
};

/** One release or all of them. */
export const kernelsOption: OptionSpec = {
  ...kernelOption,
  choices: [...names, "all"],
};

/** What the host's CPU adds to the rules of its kernel. */
export const eptOption: OptionSpec = {
  name: "ept",
  summary: "The host is VMX with EPT: zero-length MMIO has the fast MMIO bus too",
};

/** The release that a recording is of. */
export const recordedOnOption: OptionSpec = {
  ...kernelOption,
  name: "recorded-on",
  summary: "Kernel release that was recorded, the newest unless given",
};

/** The release asked for, else the newest. */
export function chosenRelease(options: OptionValues): KernelRelease {
  return release(options.text("kernel") ?? latestRelease.name);
}

/** The releases asked for, oldest first; the newest alone unless told otherwise. */
export function chosenReleases(options: OptionValues): readonly KernelRelease[] {
  return options.text("kernel") === "all" ? kernelReleases : [chosenRelease(options)];
}

/** What `--recorded-on` says, as readers of recordings take it. */
export function recordedOn(options: OptionValues): { readonly recordedOn?: KernelRelease } {
  const name = options.text("recorded-on");
  return name === undefined ? {} : { recordedOn: release(name) };
}
