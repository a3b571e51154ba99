/**
 * Random cases: the model against the host's kernel, or against a plain form of itself, by fast-check.
 *
 * @module
 */
export * from "./case_kind.ts";
export * from "./conform_cases.ts";
export * from "./conform_side.ts";
export * from "./cpu_writes_backend.ts";
export * from "./draw_registration.ts";
export * from "./random_vectors.ts";
export * from "./reference_backend.ts";
export type { KernelRelease } from "@ioeventfd/uapi";
