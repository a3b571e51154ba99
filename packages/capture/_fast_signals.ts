import type { KernelRelease } from "@ioeventfd/uapi";
import type { Place } from "./_places.ts";

/**
 * Signals that a host with EPT would take on the fast MMIO bus.
 *
 * @param places All of the recording @param zeroLength Every doorbell is taken to have length 0
 */
export function fastSignalsOf(
  { x86, bus }: KernelRelease,
  places: readonly Place[],
  zeroLength: boolean,
): number {
  if (!x86.fastMmio) return 0;
  const mmio = places.filter((place) => place.bus === "mmio");
  const asked = mmio.filter(({ len }) => zeroLength || len === 0);
  if (bus.zeroLengthFindable) {
    return asked.reduce((sum, { imagined }) => sum + imagined.signals, 0);
  }
  // KERNEL 3.16 virt/kvm/kvm_main.c kvm_io_bus_cmp: the first write to a page goes by the slow bus, which does not find zero length
  const doorbells = new Set(
    asked.filter(({ registration }) => registration !== "none").map(({ address }) => address),
  );
  const rung = mmio.filter(({ address, recorded }) =>
    doorbells.has(address) && recorded.writes > 0
  );
  const pages = new Set(rung.map(({ page }) => page));
  return rung.reduce((sum, { recorded }) => sum + recorded.writes, 0) - pages.size;
}
