import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputSyntaxError } from "@ioeventfd/conform";
import { parseRegistrationSet } from "./parse_registration_set.ts";

const doorbell = { addr: 0xfebf_b000n, len: 0, flags: 0, datamatch: 0n };

function registrations(text: string): unknown[] {
  return parseRegistrationSet(text).map((entry) => {
    assert(entry.kind === "assign");
    return entry.registration;
  });
}

function refused(text: string, message: string): void {
  const error = assertThrows(() => parseRegistrationSet(text, "set.json"), InputSyntaxError);
  assertEquals(error.message, message);
}

Deno.test("parseRegistrationSet() reads an array, lines, one object, and a vector's ops", () => {
  const one = '{"addr":"0xfebfb000","len":0,"flags":0,"datamatch":"0x0"}';
  assertEquals(registrations(`[${one},${one}]`), [doorbell, doorbell]);
  assertEquals(registrations(`${one}\n\n${one}\r\n`), [doorbell, doorbell]);
  assertEquals(registrations(one), [doorbell]);
  assertEquals(registrations('{\n  "addr": 4273975296,\n  "len": 0\n}'), [doorbell]);
  assertEquals(registrations(`{"kind":"bus","ops":[${one}]}`), [doorbell]);
  assertEquals(registrations(`{"registrations":[${one}]}`), [doorbell]);
  assertEquals(registrations("[]"), []);
});

Deno.test("parseRegistrationSet() lets a deassign name what it takes away by its eventfd", () => {
  const set = parseRegistrationSet(
    '[{"op":"assign","addr":"0x600","len":4,"flags":2,"datamatch":"0x0","fd":7,"errno":null},' +
      '{"op":"deassign","fd":7,"errno":null}]',
  );
  assertEquals(set[1], {
    kind: "deassign",
    registration: { addr: 0x600n, len: 4, flags: 2, datamatch: 0n },
    eventfd: "7",
  });
});

Deno.test("parseRegistrationSet() takes the DEASSIGN flag for what it is", () => {
  const set = parseRegistrationSet(
    '[{"addr":"0x600","len":4,"flags":2},{"addr":"0x600","len":4,"flags":6}]',
  );
  const [made, gone] = set;
  assert(made?.kind === "assign" && gone?.kind === "deassign");
  assertEquals(gone.eventfd, made.eventfd);
});

Deno.test("parseRegistrationSet() refuses memory that is no whole pages", () => {
  const message = "is not a multiple of the page size, 0x1000";
  refused('[{"ram":{"gpa":"0x5","size":4096}}]', `set.json:1: /0/ram/gpa: 0x5 ${message}`);
  refused('[{"ram":{"gpa":0,"size":1}}]', `set.json:1: /0/ram/size: 0x1 ${message}`);
});

Deno.test("parseRegistrationSet() reads memory, zones and devices", () => {
  assertEquals(
    parseRegistrationSet(
      '[{"ram":{"gpa":"0x0","size":4096}},{"zone":{"addr":"0x70","size":2,"pio":true}},' +
        '{"irqchip":"full"},{"irqchip":"split"},{"pit":true}]',
    ),
    [
      { kind: "ram", gpa: 0n, size: 0x1000n, readonly: false },
      { kind: "zone", addr: 0x70n, size: 2, pio: true },
      { kind: "irqchip" },
      { kind: "split-irqchip" },
      { kind: "pit" },
    ],
  );
});

Deno.test("parseRegistrationSet() says where and what is wrong", () => {
  refused("", "set.json:1: empty: expected registrations as JSON");
  refused('[{"addr":"0x1"', "set.json:1: JSON that ends too early: is the file cut off?");
  refused('[{"addr":"0x1"}]', 'set.json:1: /0: "len" is missing');
  refused('{"addr":"0x1","len":1}\n{"addr":"0x1"}', 'set.json:2: "len" is missing');
  refused('{"addr":"0x1","len":1}\nlen', 'set.json:2: not JSON: "len"');
  refused(
    '[{"addr":"0x1","length":1}]',
    'set.json:1: /0: "length" is not known, did you mean "len"?',
  );
  refused(
    '[{"addr":"0x1","len":1,"dataMatch":1}]',
    'set.json:1: /0: "dataMatch" is not known, did you mean "datamatch"?',
  );
  refused(
    '[{"op":"deassign","fd":1}]',
    "set.json:1: /0/fd: no registration with this eventfd before",
  );
  refused(
    '[{"addr":18446744073709551615,"len":1}]',
    "set.json:1: /0/addr: JSON does not keep a number beyond 2^53 exact: write it as a hex string " +
      'like "0x10000000000000000"',
  );
  refused("[1]", "set.json:1: /0: expected an object, got 1");
});

Deno.test("parseRegistrationSet() throws nothing but InputSyntaxError, whatever the input", () => {
  const good =
    '[{"addr":"0xfebfb000","len":0,"fd":3},{"op":"deassign","fd":3},{"zone":{"addr":1,"size":2}}]';
  const mutated = fc.tuple(fc.nat(good.length), fc.nat(4), fc.string({ maxLength: 4 }))
    .map(([at, cut, inserted]) => good.slice(0, at) + inserted + good.slice(at + cut));
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
    try {
      parseRegistrationSet(text);
    } catch (error) {
      assert(error instanceof InputSyntaxError, String(error));
    }
  }));
});

Deno.test("parseRegistrationSet() takes eventfd for fd", () => {
  const set = parseRegistrationSet(
    '[{"addr":1,"len":1,"eventfd":7},{"addr":2,"len":1,"eventfd":"kick"},{"op":"deassign","eventfd":7}]',
  );
  assertEquals(set.map((entry) => "eventfd" in entry && entry.eventfd), ["7", "kick", "7"]);
});
