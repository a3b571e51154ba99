/** Random cases: the model against its plain form on every release, and against this kernel where there is one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  formatVector,
  type GuestVector,
  hasFastMmio,
  type HistoryVector,
  parseVector,
  runVector,
  scenarioText,
} from "@ioeventfd/conform";
import {
  conformCases,
  type ConformOptions,
  CpuWritesBackend,
  type Finding,
  randomVectors,
  ReferenceBackend,
} from "@ioeventfd/conform/random";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { available, DisposeLater, LiveBackend } from "@ioeventfd/kvm-live";
import { runScenario, scenarioOf } from "@ioeventfd/scenario";
import { kernelReleases, type KvmBackend, release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";

type Options = Omit<ConformOptions, "now" | "seed">;

function play(options: Options): { played: number; failed: number; findings: Finding[] } {
  const seed = 20_141;
  const findings: Finding[] = [];
  let played = 0, failed = 0;
  for (const step of conformCases({ ...options, seed, now: () => performance.now() })) {
    played += step.played;
    failed += step.failed;
    if (step.finding !== null) findings.push(step.finding);
  }
  return { played, failed, findings };
}

function agree(options: Options): void {
  const { played, findings } = play(options);
  const lines = findings.map(({ vector, differences }) =>
    `${formatVector(vector)}: ${JSON.stringify(differences)}`
  );
  assertEquals([played, lines], [options.cases, []]);
}

const plain = { irqchips: false } as const;

for (const release of kernelReleases) {
  Deno.test(`the model of ${release.name} does what its plain form does`, () => {
    const model = { backend: new CoreBackend({ release }) };
    const judge = { backend: new ReferenceBackend({ release }) };
    agree({ model, judge, kind: "registration", cases: 512 });
    agree({ ...plain, model, judge, kind: "history", cases: 64 });
  });

  Deno.test(`stores of the CPU of ${release.name} go where the plain form says, with EPT`, () => {
    const model = { backend: new CpuWritesBackend({ release, paging: "ept" }) };
    const judge = { backend: new ReferenceBackend({ release, paging: "ept" }) };
    const slots = release.x86.mmioCacheHasGeneration;
    agree({ ...plain, slots, pageCrossing: false, model, judge, kind: "history", cases: 64 });
  });
}

for (const [name, cases] of [["6.19", 120], ["4.4", 60]] as const) {
  Deno.test(`guests on ${name} do the same with EPT and with shadow paging where no zero length is in memory`, () => {
    const of = release(name), port80 = !of.x86.port80Bypass;
    const model = { backend: new VmxBackend({ release: of, paging: "shadow" }) };
    const judge = { backend: new VmxBackend({ release: of, paging: "ept" }) };
    agree({ model, judge, kind: "guest", zeroLengthMmio: false, port80, cases });
  });
}

const kvm = available();
const reason = kvm.ok ? "" : ` (ignored: ${kvm.reason.split(";", 1)[0]})`;

for (const [kind, cases] of [["registration", 512], ["history", 48], ["guest", 100]] as const) {
  Deno.test({
    name: `the model does what this kernel does: ${cases} of kind ${kind}${reason}`,
    ignore: !kvm.ok,
    fn: () => {
      using later = new DisposeLater();
      const backend = new LiveBackend();
      const isFast = hasFastMmio(backend) === true;
      const judge = { backend, later: (one: Disposable) => void later.push(one) };
      const model = { backend: new VmxBackend({ paging: isFast ? "ept" : "shadow" }) };
      const zeroLengthMmio = kind !== "history" || !isFast;
      agree({ model, judge, kind, zeroLengthMmio, cases });
    },
  });
}

/** A model whose guests write one byte where they are told to write two. */
class BrokenBackend extends CoreBackend {
  override open(): ReturnType<CoreBackend["open"]> {
    const system = super.open();
    const createVm = system.createVm.bind(system);
    system.createVm = () => {
      const vm = createVm();
      const guestWrite = vm.guestWrite.bind(vm);
      vm.guestWrite = (bus, addr, len, value) =>
        guestWrite(bus, addr, len === 2 && addr !== 0xfffen ? 1 : len, value);
      return vm;
    };
    return system;
  }
}

Deno.test("conformCases() makes a difference as small as can be", () => {
  const model = { backend: new BrokenBackend() }, judge = { backend: new ReferenceBackend() };
  const { failed, findings } = play({ ...plain, model, judge, kind: "history", cases: 48 });
  assert(failed > 0);
  for (const { vector, differences } of findings) {
    assert(vector.kind === "history" && differences.length > 0);
    // An eventfd, what is registered with it or a zone, the write, and a look at what it did.
    assert(vector.steps.length <= 4, formatVector(vector));
    assert(vector.steps.some(({ does }) => does.op === "write" && does.len === 2));
  }
});

Deno.test("randomVectors() records the cases that conformCases() plays, and they are vectors", () => {
  for (const kind of ["registration", "history", "guest"] as const) {
    const backend = new VmxBackend({ paging: "shadow" });
    const vectors = [...randomVectors({ side: { backend }, kind, cases: 20, seed: 4 })].flat();
    assertEquals(vectors.length, 20);
    for (const vector of vectors) {
      const again = parseVector(formatVector(vector));
      assertEquals(again, vector);
      assertEquals(runVector(backend, again).outcome, "passed");
    }
  }
});

async function playText(text: string, backend: KvmBackend): Promise<string> {
  const path = await Deno.makeTempFile({ prefix: "ioeventfd-scenario-", suffix: ".ts" });
  await Deno.writeTextFile(path, text);
  try {
    const { outcome, reason } = await runScenario(
      scenarioOf(await import(`file://${path}`)),
      backend,
    );
    return `${outcome}${reason === null ? "" : `: ${reason}`}`;
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("scenarioText() is a scenario that passes where the vector does, and fails where it does not", async () => {
  const backend = new VmxBackend({ paging: "shadow" });
  for (const kind of ["history", "guest"] as const) {
    const [vectors] = randomVectors({ side: { backend }, kind, cases: 16, seed: 9 });
    const vector = vectors!.find((one): one is HistoryVector | GuestVector =>
      one.kind === "history" || one.kind === "guest" && one.exits.length > 0
    )!;
    assertEquals(await playText(scenarioText(vector), backend), "passed");
    const wrong = vector.kind === "guest" ? { ...vector, exits: [] } : {
      ...vector,
      steps: vector.steps.toSpliced(-1, 1, { ...vector.steps.at(-1)!, gives: { taken: 9 } }),
    };
    assertMatch(await playText(scenarioText(wrong), backend), /^failed: /);
  }
});

Deno.test("hasFastMmio() tells EPT from shadow paging, on releases that have the fast bus", () => {
  for (const release of kernelReleases) {
    const backends = [
      new VmxBackend({ release, paging: "ept" }),
      new VmxBackend({ release, paging: "shadow" }),
      new VmxBackend({ release, paging: "ept", mmioCaching: false }),
    ];
    const zeroLength = release.ioeventfd.zeroLengthMmio;
    const expected = [release.x86.fastMmio, false, false].map((has) => zeroLength ? has : null);
    assertEquals(backends.map(hasFastMmio), expected, release.name);
  }
  assertEquals(hasFastMmio(new CoreBackend()), null);
});
