/** Cases that no test here is named after, with the reason. */
export interface CaseElsewhere {
  /** Ids of the cases; a family alone stands for all of its cases. */
  readonly ids: string;
  /** Why there is no test of that name in this package. */
  readonly reason: string;
}

const unobserved = "not observed on a live kernel, and";

/** Every case without a test of its name in this package. */
export const casesElsewhere: readonly CaseElsewhere[] = [
  { ids: "CR_20", reason: `${unobserved} the package has no table of the whole system's files` },
  { ids: "CR_21", reason: `${unobserved} cannot happen on a running kernel` },
  { ids: "CR_22", reason: `${unobserved} the package has no kernel memory to run out of` },
  { ids: "CR_23", reason: `${unobserved} 2.6.27 is older than every release here` },
  { ids: "LF_28", reason: `${unobserved} the package does not checkpoint processes` },
  {
    ids: "KS_08 KS_09 KS_10 KS_11 KS_13 KS_14",
    reason: "io_uring is not modelled; its completions are signals, which KS_01 to KS_07 cover",
  },
  { ids: "KI", reason: "elsewhere: tests/cases registers ioeventfds, on every backend" },
  { ids: "KG", reason: "elsewhere: tests/cases fires them, on every backend" },
  { ids: "KC", reason: "elsewhere: tests/cases and kvm-core have the coalesced zones" },
  { ids: "KQ", reason: "elsewhere: tests/cases and kvm-core have irqfds" },
  { ids: "KH", reason: `${unobserved} Hyper-V connections are outside the project` },
];
