// The releases as published tables give them: one row a behaviour, one column a release.
import { assertEquals, assertThrows } from "@std/assert";
import { kernelReleases, latestRelease, release } from "@ioeventfd/uapi";

const columns = ["3.14", "seed", "3.16", "4.4", "5.15", "6.19"];

function row<T>(of: (name: string) => T): T[] {
  return columns.map(of);
}

function capability(number: number): (number | undefined)[] {
  return row((name) => release(name).capabilities[number]);
}

Deno.test("kernelReleases stand oldest first, the newest last", () => {
  assertEquals(kernelReleases.map(({ name }) => name), columns);
  assertEquals(latestRelease.name, "6.19");
});

Deno.test("release() refuses a name it does not know, with those it does", () => {
  assertThrows(
    () => release("3.15"),
    RangeError,
    'Unknown kernel release "3.15": choose one of 3.14, seed, 3.16, 4.4, 5.15, 6.19',
  );
});

Deno.test("capabilities answer by release as KVM_CHECK_EXTENSION does on x86", () => {
  const none = undefined;
  assertEquals(capability(3), [1, 1, 1, 1, 1, 1]); // USER_MEMORY
  assertEquals(capability(10), [125, 125, 125, 509, 32764, 32764]); // NR_MEMSLOTS
  assertEquals(capability(15), [2, 2, 2, 2, 2, 2]); // COALESCED_MMIO
  assertEquals(capability(32), [1, 1, 1, 1, 1, 1]); // IRQFD
  assertEquals(capability(36), [1, 1, 1, 1, 1, 1]); // IOEVENTFD
  assertEquals(capability(81), [1, 1, 1, 1, 1, 1]); // READONLY_MEM
  assertEquals(capability(82), [1, 1, 1, 1, 1, 1]); // IRQFD_RESAMPLE
  assertEquals(capability(100), [none, 1, 1, 1, 1, 1]); // IOEVENTFD_NO_LENGTH
  assertEquals(capability(105), [none, none, none, 1, 1, 1]); // CHECK_EXTENSION_VM
  assertEquals(capability(122), [none, none, none, 1, 1, 1]); // IOEVENTFD_ANY_LENGTH
  assertEquals(capability(136), [none, none, none, none, 1, 1]); // IMMEDIATE_EXIT
  assertEquals(capability(162), [none, none, none, none, 1, 1]); // COALESCED_PIO
});

Deno.test("zero length came on MMIO with the seed and on PIO by 4.4", () => {
  const [no, yes] = [false, true];
  assertEquals(row((r) => release(r).ioeventfd.zeroLengthMmio), [no, yes, yes, yes, yes, yes]);
  assertEquals(row((r) => release(r).ioeventfd.zeroLengthPio), [no, no, no, yes, yes, yes]);
  assertEquals(row((r) => release(r).bus.zeroLengthFindable), [no, no, no, yes, yes, yes]);
});

Deno.test("the fast MMIO bus came in 3.16, and brought flag bit 4 with it", () => {
  assertEquals(row((r) => release(r).x86.fastMmio), [false, false, true, true, true, true]);
  assertEquals(row((r) => release(r).ioeventfd.validFlags), [15, 15, 31, 31, 31, 31]);
  assertEquals(row((r) => release(r).ioeventfd.fastMmioBus), [
    "none",
    "none",
    "same-object",
    "own-object",
    "own-object",
    "own-object",
  ]);
});

Deno.test("a fast hit in a nested guest is a bug of 3.16 and 4.4", () => {
  assertEquals(row((r) => release(r).x86.fastHitInL2), [false, false, true, true, false, false]);
});

Deno.test("buses are sorted by heapsort up to 4.4 and by ordered insertion from 5.15", () => {
  const [heap, ordered] = ["heapsort", "ordered"];
  assertEquals(row((r) => release(r).bus.insertion), [heap, heap, heap, heap, ordered, ordered]);
});

Deno.test("an OUT moves RIP before its exit up to 4.4", () => {
  assertEquals(row((r) => release(r).x86.outAdvancesRipFirst), [
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("an IN from a device in the kernel went through the page of userspace, cleared by 5.15", () => {
  assertEquals(row((r) => release(r).x86.kernelPortRead), [
    "page",
    "page",
    "page",
    "page",
    "cleared-page",
    "destination",
  ]);
});

Deno.test("every release has the same rules by name", () => {
  function names(value: unknown, path = ""): string[] {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
    return Object.entries(value).flatMap(([key, inner]) => names(inner, `${path}.${key}`));
  }
  function rules(name: string): string[] {
    return names({ ...release(name), capabilities: null }).toSorted();
  }
  for (const name of columns) assertEquals(rules(name), rules("6.19"), name);
});
