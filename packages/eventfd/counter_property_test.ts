import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { EventfdContext, POLLERR, POLLIN, POLLOUT, SharedEventfd } from "./mod.ts";
import { FULL, MAX, outcome } from "./testdata/case_kit.ts";

/** The counter as facts state it, in whole numbers. */
class PlainCounter {
  count: bigint;
  readonly #semaphore: boolean;

  constructor(count: bigint, semaphore: boolean) {
    this.count = count;
    this.#semaphore = semaphore;
  }

  signal(): void {
    if (this.count < MAX) this.count++;
  }

  write(value: bigint): string | undefined {
    if (value === MAX) return "EINVAL";
    if (MAX - this.count <= value) return "EAGAIN";
    this.count += value;
    return undefined;
  }

  read(): bigint | string {
    if (this.count === 0n) return "EAGAIN";
    const taken = this.#semaphore ? 1n : this.count;
    this.count -= taken;
    return taken;
  }

  pollMask(): number {
    return (this.count > 0n ? POLLIN : 0) | (this.count === MAX ? POLLERR : 0) |
      (this.count < FULL ? POLLOUT : 0);
  }
}

const nearSeams = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.constantFrom(0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn, 0x1_0000_0000n),
  fc.bigInt({ min: 0n, max: 5n }).map((less) => MAX - less),
);
const operation = fc.oneof(
  fc.constant("signal" as const),
  fc.constant("read" as const),
  nearSeams,
);

Deno.test("EventfdContext and SharedEventfd count as plain numbers do", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.boolean(),
    fc.array(operation, { maxLength: 40 }),
    (initial, semaphore, operations) => {
      const plain = new PlainCounter(BigInt(initial), semaphore);
      const made = [
        new EventfdContext(initial, { semaphore, id: 0 }),
        new SharedEventfd(initial, { semaphore }),
      ];
      for (const step of operations) {
        let expected: bigint | string | undefined;
        if (step === "signal") plain.signal();
        else if (step === "read") expected = plain.read();
        else expected = plain.write(step);
        for (const context of made) {
          let got: bigint | string | undefined | void;
          if (step === "signal") context.signal();
          else if (step === "read") got = outcome(() => context.read());
          else got = outcome(() => context.write(step));
          assertEquals(got, expected);
          assertEquals([context.count, context.pollMask()], [plain.count, plain.pollMask()]);
        }
      }
      for (const context of made) context.release();
    },
  ));
});
