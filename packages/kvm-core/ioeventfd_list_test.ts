import { assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { IoeventfdList } from "./_ioeventfd_list.ts";
import { Ioeventfd } from "./ioeventfd.ts";

const context = new EventfdContext();

function ioeventfd(sequence: number): Ioeventfd {
  return new Ioeventfd({
    ...{ lo: 0, hi: 0, len: 4, wildcard: true, datamatchLo: 0, datamatchHi: 0 },
    ...{ context, busIndex: 0, sequence },
  });
}

Deno.test("IoeventfdList keeps the order of making, whoever goes", () => {
  for (let gone = 0; gone < 3; gone++) {
    const list = new IoeventfdList();
    const made = [0, 1, 2].map(ioeventfd);
    for (const one of made) list.append(one);
    const shown = (): number[] => [...list].map(({ sequence }) => sequence);
    list.remove(ioeventfd(9));
    assertEquals(shown(), [0, 1, 2]);
    list.remove(made[gone]!);
    list.remove(made[gone]!);
    const left = [0, 1, 2].filter((one) => one !== gone);
    assertEquals(shown(), left);
    list.append(made[gone]!);
    assertEquals(shown(), [...left, gone]);
    for (const one of made) list.remove(one);
    assertEquals(shown(), []);
  }
});
