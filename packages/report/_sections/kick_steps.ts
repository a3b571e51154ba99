/**
 * The steps of one kick, from what the model counted and traced.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { WorkName } from "@ioeventfd/scenario";
import { costTable } from "@ioeventfd/vmx-sim";
import { counted } from "../_format.ts";
import type { KickStory, WalkEntry } from "../kick_story.ts";

/** One step. */
export interface KickStep {
  /** What happens. */
  readonly title: string;
  /** What else to say. */
  readonly detail: string;
  /** Modelled: cycles. */
  readonly cycles: number;
  /** Where KVM looks page tables up to do it. */
  readonly walk?: { readonly linear: bigint; readonly entries: readonly WalkEntry[] };
  /** Who does it. */
  readonly by: "guest" | "kvm" | "vmm";
}

/**
 * The steps of a story. Their cycles add up to those of the story.
 *
 * @param story A kick as the model ran it
 */
export function kickSteps(story: KickStory): KickStep[] {
  const { work, addr, len, rip } = story;
  const cost = (...kinds: WorkName[]): number =>
    kinds.reduce((sum, kind) => sum + work[kind] * cyclesOf(kind), 0);
  const step = (by: KickStep["by"], title: string, detail: string, ...kinds: WorkName[]) => ({
    by,
    title,
    detail,
    cycles: cost(...kinds),
  });
  const isFast = story.path === "fast-mmio";
  const bus = isFast ? "fast MMIO bus" : "MMIO bus";
  const isHit = work.devicesTried > 0;
  return [
    step(
      "guest",
      `The guest stores ${len} bytes`,
      `to ${hex(addr)}, by the instruction at ${hex(rip)}`,
    ),
    step(
      "kvm",
      "Exit: EPT misconfiguration",
      "The CPU gives the guest physical address; no length, no value. The entry after it is in this price",
      "exits",
      "spteInstalls",
      "eptReads",
      "faultPageTableReads",
    ),
    step(
      "kvm",
      "KVM's handler",
      handler(story),
      "kernelDispatches",
    ),
    ...(work.fetchPageTableReads === 0 ? [] : [{
      ...step(
        "kvm",
        "Walk to the instruction",
        `${counted(work.fetchPageTableReads, "entry", "entries")} of the guest's page tables`,
        "fetchPageTableReads",
      ),
      walk: { linear: rip, entries: story.fetchWalk },
    }]),
    ...(work.bytesFetched === 0 ? [] : [
      step("kvm", "Fetch", counted(work.bytesFetched, "byte"), "bytesFetched"),
      step("kvm", "Decode", instruction(story), "decoded"),
    ]),
    ...(work.dataPageTableReads === 0 ? [] : [{
      ...step(
        "kvm",
        "Walk to the address",
        `${counted(work.dataPageTableReads, "entry", "entries")} of the guest's page tables`,
        "dataPageTableReads",
      ),
      walk: { linear: addr, entries: story.dataWalk },
    }]),
    ...(work.emulated === 0 ? [] : [step("kvm", "Emulate the store", "", "emulated")]),
    step(
      "kvm",
      isHit ? `${capital(bus)}: found` : `${capital(bus)}: nobody`,
      isHit
        ? `${counted(work.busCompares, "comparison")}, ${
          isFast ? "by address alone" : "by address, length and value"
        }`
        : "Nothing in the kernel takes it",
      "busCompares",
      "devicesTried",
    ),
    ...(story.userspaceExits === 0 ? [] : [
      step(
        "vmm",
        "Out to userspace",
        "KVM_RUN returns, the VMM looks at kvm_run, does it, and calls KVM_RUN again",
        "userspaceIo",
        "userspaceMmio",
        "userspaceOther",
      ),
    ]),
    ...(story.signals === 0
      ? []
      : [step("kvm", "The eventfd is signalled", "Its waiter wakes up")]),
    step("guest", "The guest goes on", "behind the store"),
  ];
}

function handler({ path, hasFastBus }: KickStory): string {
  if (path === "fast-mmio") {
    return "It asks the fast MMIO bus for the address, which is all it needs: no walk, no fetch, no decoding";
  }
  return hasFastBus
    ? "The fast MMIO bus has nothing at the address: KVM has to know what the store is"
    : "There is no fast MMIO bus: KVM has to know what the store is";
}

function cyclesOf(kind: WorkName): number {
  return costTable.find(({ work }) => work === kind)!.cycles;
}

function capital(text: string): string {
  return text.startsWith("MMIO") ? text : text[0]!.toUpperCase() + text.slice(1);
}

/** The bytes that the tracepoint shows. */
function instruction({ trace }: KickStory): string {
  const text = trace.find(({ name }) => name === "kvm_emulate_insn")?.text ?? "";
  return /:((?: ?[0-9a-f]{2})+)/.exec(text.replace(/^\d+:[0-9a-f]+/, ""))?.[1] ?? "";
}
