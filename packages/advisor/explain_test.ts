import { assertEquals, assertMatch } from "@std/assert";
import { kernelReleases, release } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import { explain } from "./explain.ts";
import { parseRegistrationSet } from "./parse_registration_set.ts";
import { registrationSet } from "./registration_set.ts";

function made(addr: bigint, len: number, flags = 0, datamatch = 0n): Registration {
  return { addr, len, flags, datamatch };
}

function errnos(registration: Registration, history: Registration[] = []): (string | null)[] {
  return kernelReleases.map((one) => explain(registration, registrationSet(history), one).errno);
}

Deno.test("explain() gives the errno of each release", () => {
  assertEquals(errnos(made(0x1000n, 0)), ["EINVAL", null, null, null, null, null]);
  assertEquals(errnos(made(0x510n, 0, 2)), ["EINVAL", "EINVAL", "EINVAL", null, null, null]);
  assertEquals(errnos(made(0x1000n, 4, 0x10)), ["EINVAL", "EINVAL", null, null, null, null]);
  assertEquals(errnos(made(0x1000n, 3)), Array(6).fill("EINVAL"));
});

Deno.test("explain() names the check in the kernel's order", () => {
  const checks = [
    made(0xffff_ffff_ffff_ffffn, 3, 0x20),
    made(0xffff_ffff_ffff_ffffn, 1, 0x20),
    made(0x1000n, 4, 0x20),
    made(0x1000n, 0, 1),
  ].map((registration) => explain(registration).check);
  assertEquals(checks, ["length", "wrap", "flags", "zero-length"]);
});

Deno.test("explain() names the collision and its clause", () => {
  const clause = (existing: Registration, added: Registration): unknown[] => {
    const history = registrationSet([made(0x9000n, 4), existing]);
    const { errno, collidesWith, clause } = explain(added, history);
    return [errno, collidesWith, clause];
  };
  assertEquals(clause(made(0x1000n, 0), made(0x1000n, 4)), ["EEXIST", 1, "existing-zero-length"]);
  assertEquals(clause(made(0x1000n, 4), made(0x1000n, 0)), ["EEXIST", 1, "new-zero-length"]);
  assertEquals(clause(made(0x1000n, 4, 1, 7n), made(0x1000n, 4)), ["EEXIST", 1, "wildcard"]);
  assertEquals(clause(made(0x1000n, 4, 1, 7n), made(0x1000n, 4, 1, 7n)), [
    "EEXIST",
    1,
    "datamatch",
  ]);
  assertEquals(clause(made(0x1000n, 4, 1, 7n), made(0x1000n, 4, 1, 8n)), [null, null, null]);
  assertEquals(clause(made(0x1000n, 4), made(0x1000n, 4, 2)), [null, null, null]);
});

Deno.test("explain() says that an accepted registration is dead or never fires", () => {
  const { errno, finding } = explain(made(0x1000n, 8, 2));
  assertEquals([errno, finding?.verdict], [null, "never"]);
  assertMatch(finding!.why, /no OUT writes 8 bytes/);
  const history = registrationSet([made(0xcff0n, 4), made(0x1010n, 0), made(0x1008n, 8)]);
  assertEquals(explain(made(0x2000n, 4), history, release("6.19")).finding?.verdict, "ok");
});

Deno.test("explain() tells which steps of the history its release refuses", () => {
  const history = registrationSet([made(0x1000n, 0), made(0x2000n, 4)]);
  assertEquals(explain(made(0x1000n, 4), history, release("3.14")).refusedBefore, [0]);
  assertEquals(explain(made(0x1000n, 4), history, release("3.14")).errno, null);
});

Deno.test("explain() counts steps of the history in its words too", () => {
  const history = parseRegistrationSet(
    '[{"addr":"0x1000","len":4,"fd":3},{"op":"deassign","fd":3},{"addr":"0x2000","len":0}]',
  );
  const { collidesWith, detail } = explain(made(0x2000n, 4), history);
  assertEquals(collidesWith, 2);
  assertMatch(detail, /^mmio 0x2000 len 0x4 collides with #2 \(mmio 0x2000 len 0x0\): it has/);
});

Deno.test("explain() names what an accepted registration silences", () => {
  const history = registrationSet([made(0xd0000004n, 0)]);
  const { errno, finding, hides } = explain(made(0xd0000000n, 4), history);
  assertEquals([errno, finding?.verdict, hides], [null, "ok", [0]]);
  assertEquals(explain(made(0xd0000010n, 4), history).hides, []);
  assertEquals(explain(made(0xd0000004n, 4), history).hides, [], "refused, so nothing changes");
});
