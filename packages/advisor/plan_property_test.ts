/** Plans carried out on a VM of their own, with eventfds that are read, against every order for small ones. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CoreBackend } from "@ioeventfd/kvm-core";
import type { Kvm, Vm } from "@ioeventfd/kvm-core";
import {
  busFromFlags,
  encodeIoeventfd,
  kernelReleases,
  KVM_IOEVENTFD,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  refusalOf,
} from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";
import { plan } from "./plan.ts";
import type { Plan } from "./plan_report.ts";
import type { AssignEntry } from "./registration_set.ts";

const addresses = [0x1000n, 0x1002n, 0x1004n, 0x1008n, 0x100cn, 0x2000n];
const values = [0n, 1n, 5n];

const registration: fc.Arbitrary<Registration> = fc.record({
  addr: fc.constantFrom(...addresses),
  len: fc.constantFrom(0, 1, 2, 4, 8),
  datamatch: fc.constantFrom(...values),
  flags: fc.constantFrom(0, 0, 1, 2, 3),
}).map(({ len, flags, datamatch, ...rest }) => {
  const compares = flags & 1 && len !== 0 ? flags : flags & ~1;
  return { ...rest, len, flags: compares, datamatch: compares & 1 ? datamatch : 0n };
});

const entries: fc.Arbitrary<AssignEntry[]> = fc.array(
  fc.record({ registration, eventfd: fc.constantFrom("3", "4", "5", "6") })
    .map(({ registration, eventfd }): AssignEntry => ({
      kind: "assign",
      registration,
      eventfd: `${eventfd}${registration.addr}`,
    })),
  { maxLength: 7 },
);

/** A VM that is told, and asked by writes of its guest. */
class Machine implements Disposable {
  readonly #kvm: Kvm;
  readonly #vm: Vm;
  readonly #fds = new Map<string, number>();

  constructor(release: KernelRelease) {
    this.#kvm = new CoreBackend({ release }).open();
    this.#vm = this.#kvm.createVm();
  }

  /** Gives the errno, or null. */
  call(op: "assign" | "deassign", registration: Registration, eventfd: string): string | null {
    let fd = this.#fds.get(eventfd);
    if (fd === undefined) this.#fds.set(eventfd, fd = this.#kvm.eventfd(0, 0));
    const { addr, len, datamatch } = registration;
    const flags = op === "assign"
      ? registration.flags
      : registration.flags | KVM_IOEVENTFD_FLAG_DEASSIGN;
    const bytes = encodeIoeventfd({ addr, len, flags, datamatch, fd });
    return refusalOf(() => this.#vm.ioctl(KVM_IOEVENTFD, bytes))?.code ?? null;
  }

  /** Writes that something takes. */
  signalled(): Set<string> {
    const found = new Set<string>();
    for (const bus of ["mmio", "pio"] as const) {
      for (const addr of addresses) {
        for (const len of bus === "mmio" ? [1, 2, 4, 8] : [1, 2, 4]) {
          for (const value of [...values, 7n]) {
            if (this.#vm.guestWrite(bus, addr, len, value) === "kernel") {
              found.add(`${bus} ${addr} ${len} ${value}`);
            }
          }
        }
      }
    }
    return found;
  }

  /** What is registered, with which eventfd. */
  registered(): string[] {
    return this.#vm.registrations().map(({ bus, addr, len, datamatch }) =>
      `${bus} ${addr} ${len} ${datamatch}`
    ).sort();
  }

  [Symbol.dispose](): void {
    this.#vm[Symbol.dispose]();
    this.#kvm[Symbol.dispose]();
  }
}

/** The entries that a kernel takes, so that the set is valid. */
function valid(list: readonly AssignEntry[], release: KernelRelease): AssignEntry[] {
  using machine = new Machine(release);
  return list.filter(({ registration, eventfd }) =>
    machine.call("assign", registration, eventfd) === null
  );
}

function machineOf(set: readonly AssignEntry[], release: KernelRelease): Machine {
  const machine = new Machine(release);
  for (const { registration, eventfd } of set) {
    assertEquals(machine.call("assign", registration, eventfd), null);
  }
  return machine;
}

function common(old: readonly AssignEntry[], next: readonly AssignEntry[], release: KernelRelease) {
  using before = machineOf(old, release);
  using after = machineOf(next, release);
  return before.signalled().intersection(after.signalled());
}

/** How often a write of both sets stops being signalled, or null when a step is refused. */
function losses(
  old: readonly AssignEntry[],
  steps: Plan["steps"],
  both: ReadonlySet<string>,
  release: KernelRelease,
): { readonly lost: Set<string>; readonly registered: string[] } | null {
  using machine = machineOf(old, release);
  const lost = new Set<string>();
  for (const { op, registration, old: from, eventfd } of steps) {
    const key = from === null ? eventfd : old[from]!.eventfd;
    if (machine.call(op, registration, key) !== null) return null;
    const signalled = machine.signalled();
    for (const write of both) if (!signalled.has(write)) lost.add(write);
  }
  return { lost, registered: machine.registered() };
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((one, i) => permutations(list.toSpliced(i, 1)).map((rest) => [one, ...rest]));
}

const releaseWithSets = fc.record({
  release: fc.constantFrom(...kernelReleases),
  old: entries,
  next: entries,
});

Deno.test("plan() leads to exactly the new set, without an errno, and loses what it says", () => {
  fc.assert(
    fc.property(releaseWithSets, ({ release, old: from, next: to }) => {
      const [old, next] = [valid(from, release), valid(to, release)];
      const { steps, windows, kept } = plan(old, next, { releases: [release] });
      const both = common(old, next, release);
      const ran = losses(old, steps, both, release);
      assert(ran !== null, "a step is refused");
      using wanted = machineOf(next, release);
      assertEquals(ran.registered, wanted.registered());
      assertEquals(kept.length * 2 + steps.length, old.length + next.length);
      const writes = windows.filter((window) => window.writes.length > 0);
      assertEquals(ran.lost.size > 0, writes.length > 0);
      for (const write of ran.lost) {
        const [bus, addr, len] = write.split(" ");
        assert(
          writes.some(({ registration, writes }) =>
            busFromFlags(registration.flags) === bus && registration.addr === BigInt(addr!) &&
            writes.includes(Number(len))
          ),
          `no window tells of ${write}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("plan() loses no more than the best of all orders", () => {
  fc.assert(
    fc.property(releaseWithSets, ({ release, old: from, next: to }) => {
      const [old, next] = [valid(from.slice(0, 4), release), valid(to.slice(0, 4), release)];
      const { steps, optimal, windows } = plan(old, next, { releases: [release] });
      if (steps.length > 5) return;
      const both = common(old, next, release);
      const counts = permutations(steps).flatMap((order) => {
        const ran = losses(old, order, both, release);
        return ran === null ? [] : [ran.lost.size];
      });
      const least = Math.min(...counts);
      const ended = windows.every(({ closes }) => closes !== null);
      assert(optimal, "a small plan is not known to be optimal");
      if (least === 0 && ended) assertEquals(losses(old, steps, both, release)!.lost.size, 0);
    }),
    { numRuns: 60 },
  );
});
