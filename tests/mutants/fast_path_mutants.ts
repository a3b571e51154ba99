import { byGuestVectors, byHistories, type Mutant } from "./mutant.ts";

const handlers = "packages/vmx-sim/kvm/exit_handlers.ts";
const asked = "      fastBusWrite(fastBus, vcpu.work, gpaLo, gpaHi) === 0\n";

/** Mistakes in the exits of a guest. */
export const fastPathMutants: readonly Mutant[] = [
  {
    name: "fast-bus-after-the-slow",
    about: "The fast MMIO bus is asked only where the MMIO bus has nobody",
    edits: [{
      file: handlers,
      find: asked,
      replace: `      vcpu.vm.mmioBus.search(gpaLo, gpaHi, 4).run.length === 0 &&\n${asked}`,
    }],
    conform: byHistories,
  },
  {
    name: "fast-bus-never",
    about: "The fast MMIO bus is not asked",
    edits: [{ file: handlers, find: asked, replace: asked.replace("=== 0", "=== 1") }],
    conform: byHistories,
  },
  {
    name: "fast-twin-stays",
    about: "Taking away a zero-length doorbell leaves it on the fast MMIO bus",
    edits: [{
      file: "packages/kvm-core/_ioeventfd_registry.ts",
      find: "    if (request.len === 0 && busIndex === KVM_MMIO_BUS) {\n      const twin",
      replace: "    if (request.len === 1 && busIndex === KVM_MMIO_BUS) {\n      const twin",
    }],
    conform: byHistories,
  },
  {
    name: "page-end-off-by-one",
    about: "The emulator splits an access one byte before the end of a page",
    edits: [{
      file: "packages/vmx-sim/kvm/mmio_access.ts",
      find: "    const first = 4096 - (lo & 0xfff);",
      replace: "    const first = 4095 - (lo & 0xfff);",
    }],
    conform: byGuestVectors,
  },
];
