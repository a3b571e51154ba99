/**
 * Every case, by topic.
 *
 * @module
 */
import type { Case } from "./case.ts";
import { collisionCases } from "./collision_cases.ts";
import { deassignCases } from "./deassign_cases.ts";
import { firingCases } from "./firing_cases.ts";
import { guestFaultCases } from "./guest_fault_cases.ts";
import { guestReadCases } from "./guest_read_cases.ts";
import { guestStoreCases } from "./guest_store_cases.ts";
import { guestStringCases } from "./guest_string_cases.ts";
import { irqchipCases } from "./irqchip_cases.ts";
import { irqfdCases } from "./irqfd_cases.ts";
import { limitCases } from "./limit_cases.ts";
import { orderCases } from "./order_cases.ts";
import { registrationCases } from "./registration_cases.ts";
import { slotCases } from "./slot_cases.ts";
import { zoneCases } from "./zone_cases.ts";

/** Cases by topic. */
export const caseTopics: Readonly<Record<string, readonly Case[]>> = {
  "registration": registrationCases,
  "collision": collisionCases,
  "deassign and lifetime": deassignCases,
  "what fires": firingCases,
  "order of the array": orderCases,
  "memory slots": slotCases,
  "coalesced zones": zoneCases,
  "limits": limitCases,
  "irqchip": irqchipCases,
  "irqfd": irqfdCases,
  "guests: stores and OUT": guestStoreCases,
  "guests: loads and read-modify-write": guestReadCases,
  "guests: strings": guestStringCases,
  "guests: faults": guestFaultCases,
};
