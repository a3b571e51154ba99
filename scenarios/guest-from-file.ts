/**
 * A guest that is a file: 12 bytes of 16-bit code, from any assembler. Reading it needs `--allow-read`.
 *
 * ```asm
 * mov dx, 0xc010
 * mov ax, 0
 * out dx, ax
 * mov ax, 1
 * out dx, ax
 * hlt
 * ```
 *
 * @module
 */
import { qemuVirtioPciLegacy, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";
import { readBinary } from "./_read_binary.ts";

/** Raw machine code. */
export const scenario: Scenario = {
  name: "guest-from-file",
  about: "A real-mode guest from a .bin file kicks both queues of a legacy virtio device",
  async play(stage) {
    const code = await readBinary(new URL("./guests/legacy_kick.bin", import.meta.url));
    const { vm, cpu } = stage.machine("real16");
    const kicks = qemuVirtioPciLegacy({ base: 0xc000n, queues: 2 }).map((doorbell, queue) => {
      const kick = stage.eventfd(`queue ${queue}`);
      vm.assign(doorbell, kick);
      return kick;
    });
    cpu.runProgram(code);
    cpu.expectExits([]);
    for (const kick of kicks) kick.expectCount(1);
    vm.expectMemory(0x1000n, code);
  },
};

if (import.meta.main) await main(scenario);
