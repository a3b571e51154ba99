import { busMutants } from "./bus_mutants.ts";
import { eventfdMutants } from "./eventfd_mutants.ts";
import { fastPathMutants } from "./fast_path_mutants.ts";
import type { Mutant } from "./mutant.ts";
import { registrationMutants } from "./registration_mutants.ts";

/** Every deliberate mistake, to be found by `ioeventfd conform`. */
export const allMutants: readonly Mutant[] = [
  ...registrationMutants,
  ...busMutants,
  ...fastPathMutants,
  ...eventfdMutants,
];
