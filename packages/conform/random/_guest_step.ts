import type { Assembler } from "@ioeventfd/vmx-sim";
import type { Draw } from "./draw.ts";

/** Some instructions that do one thing, with what they need set up first. */
export interface GuestStep {
  /** As people read it. */
  readonly text: string;
  /** Appends them. */
  emit(a: Assembler): void;
}

/** Where a guest's steps go. */
export interface StepPlace {
  readonly draw: Draw;
  readonly long: boolean;
  /** ES is where DS is, in real mode. */
  readonly esIsMmio: boolean;
  /** An address near the others, from the start of MMIO. */
  offset(): number;
  /** A port near the others. */
  port(): number;
  /** A value that a registration may match. */
  value(): bigint;
}
/** Makes a step for a place. */
export type Template = (place: StepPlace) => GuestStep;
