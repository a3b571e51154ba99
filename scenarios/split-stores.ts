/**
 * A store that crosses a page is two, one of 16 bytes is two of 8, and each part is matched by itself. Both parts of a
 * crossing store are offered to the kernel before userspace sees either: an eventfd on the second page rings first. Of a
 * 16-byte store, the part after one that nobody takes is not even offered.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const page = 0xfebf_c000n;

/** Parts of stores. */
export const scenario: Scenario = {
  name: "split-stores",
  about: "Stores across pages and of 16 bytes reach doorbells in parts, each matched by itself",
  kernels: ["6.19", "5.15", "4.4"],
  paging: "shadow",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const anyLength = stage.eventfd("any length, second page");
    vm.assign(mmioDoorbell(page), anyLength);
    let before = -1n;
    cpu.onWrite = () => before = anyLength.count();
    cpu.store(page - 2n, 4, 0x11223344n);
    cpu.expectExits(["mmio write 0xfebfbffe len 2 = 0x3344"]);
    stage.expectEqual("kicks when userspace sees the first part", before, 1n);

    // Three bytes: a length that no registration can ask for, and any length takes.
    cpu.store(page - 1n, 4, 0x11223344n);
    cpu.expectExits(["mmio write 0xfebfbfff len 1 = 0x44"]);
    anyLength.expectCount(2);

    const at = page + 0x100n;
    const high = stage.eventfd("length 8 at A+8"), low = stage.eventfd("length 8 at A");
    vm.assign(mmioDoorbell(at + 8n, 8), high);
    const store16 = () =>
      cpu.runProgram((a) => {
        a.mov(a.edi, at);
        a.movups(a.ptr(a.rdi), a.xmm0);
        a.hlt();
      });
    store16();
    cpu.expectExits([
      "mmio write 0xfebfc100 len 8 = 0x0",
      "mmio write 0xfebfc108 len 8 = 0x0",
    ]);
    high.expectCount(0);
    vm.assign(mmioDoorbell(at, 8), low);
    store16();
    cpu.expectExits([]);
    low.expectCount(1);
    high.expectCount(1);
  },
};

if (import.meta.main) await main(scenario);
