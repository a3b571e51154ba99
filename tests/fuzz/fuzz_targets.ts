import { parseRegistrationSet } from "@ioeventfd/advisor";
import { CaptureError, replay } from "@ioeventfd/capture";
import { InputSyntaxError, parseVector, parseVectors, runVector } from "@ioeventfd/conform";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { readDocument } from "@ioeventfd/report";
import * as uapi from "@ioeventfd/uapi";
import { decode, Instruction } from "@ioeventfd/vmx-sim";
import fc from "fast-check";
import { UsageError } from "../../apps/cli/cli_error.ts";
import { commands } from "../../apps/cli/commands.ts";
import { globalOptions, parseCommandLine } from "../../apps/cli/parse_command_line.ts";
import { readText, root } from "../../tools/workspace.ts";
import { mutated } from "./mutated.ts";

/** A parser under random input. */
export interface FuzzTarget {
  /** What it parses. */
  readonly name: string;
  /** Accepts random input, or refuses it with the parser's own error; whatever else it throws is a finding. */
  readonly property: fc.IRawProperty<unknown>;
}

function lines(path: string, from: number, to: number): string {
  return readText(path).split("\n").slice(from, to).join("\n") + "\n";
}

/** Some lines of a file, each an example. */
function samples(path: string, every: number): string[] {
  return lines(path, 0, -1).split("\n").filter((line, i) => line !== "" && i % every === 0);
}

const encoder = new TextEncoder();

const vectors = ["register", "collide", "bus", "guest"].flatMap((kind) =>
  samples(`vectors/${kind}.jsonl`, 40)
);

const recordings = [
  lines("captures/q35-virtio-blk.bpftrace.txt", 0, 60),
  lines("captures/q35-virtio-blk.bpftrace.txt", 1500, 1560),
  lines("captures/q35-pci-testdev.bpftrace.txt", 800, 860),
  lines("captures/q35-virtio-blk.ftrace.txt", 0, 60),
  lines("captures/q35-virtio-blk.ftrace.txt", 3000, 3060),
];

const sets = [...Deno.readDirSync(new URL("scenarios/sets/", root))]
  .map(({ name }) => readText(`scenarios/sets/${name}`))
  .filter((text) => text.length < 20_000);

const codecs = Object.entries(uapi).flatMap(([name, value]) =>
  /^decode(?!Struct|VcpuExit$)/.test(name) && typeof value === "function"
    ? [value as (bytes: Uint8Array) => unknown]
    : []
);

/** Runs, and passes over errors that are the parser's own answer. */
function refusing(owns: readonly (new (...args: never[]) => Error)[], run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!owns.some((own) => error instanceof own)) throw error;
  }
}

async function refusingLater(
  owns: readonly (new (...args: never[]) => Error)[],
  run: () => Promise<unknown>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!owns.some((own) => error instanceof own)) throw error;
  }
}

const modes = ["real", "vm16", "prot16", "prot32", "prot64"] as const;

/** Every parser of the project. */
export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: "a vector, and what it makes the model do",
    property: fc.property(mutated(vectors), (text) => {
      refusing([InputSyntaxError], () => {
        const vector = parseVector(text);
        if (vector.kind !== "guest") runVector(new CoreBackend(), vector);
      });
    }),
  },
  {
    name: "a file of vectors, gzip or not",
    property: fc.asyncProperty(
      fc.oneof(
        mutated([vectors.slice(0, 3).join("\n")]).map((text) => encoder.encode(text)),
        fc.uint8Array({ maxLength: 64 }).map((bytes) => Uint8Array.of(0x1f, 0x8b, ...bytes)),
        fc.uint8Array({ maxLength: 200 }),
      ),
      (bytes) =>
        refusingLater([InputSyntaxError], async () => {
          for await (const _ of parseVectors(new Response(bytes.slice()).body!, "fuzz"));
        }),
    ),
  },
  {
    name: "a recording, and its replay on the model",
    property: fc.asyncProperty(
      fc.oneof(mutated(recordings).map((text) => encoder.encode(text)), fc.uint8Array()),
      (bytes) => refusingLater([CaptureError], () => replay(bytes)),
    ),
  },
  {
    name: "a set of registrations",
    property: fc.property(mutated(sets), (text) => {
      refusing([InputSyntaxError], () => parseRegistrationSet(text));
    }),
  },
  {
    name: "a document of bench or compare",
    property: fc.property(mutated(['{"version":1,"rows":[{"a":1}]}', "[]", "{}"]), (text) => {
      refusing([SyntaxError, TypeError], () => readDocument("fuzz.json", text));
    }),
  },
  {
    name: "instructions",
    property: fc.property(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(...modes),
      (bytes, mode) => {
        const insn = new Instruction();
        decode(bytes, bytes.length, mode, insn);
        if (insn.length > 15) throw new Error(`An instruction of ${insn.length} bytes`);
      },
    ),
  },
  {
    name: "structs of the ABI",
    property: fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom(...codecs),
      (bytes, decodes) => refusing([RangeError], () => decodes(bytes)),
    ),
  },
  {
    name: "ioctls of a VM",
    property: fc.property(
      fc.array(
        fc.tuple(
          fc.oneof(
            fc.constantFrom(
              uapi.KVM_IOEVENTFD,
              uapi.KVM_IRQFD,
              uapi.KVM_SET_USER_MEMORY_REGION,
              uapi.KVM_REGISTER_COALESCED_MMIO,
              uapi.KVM_UNREGISTER_COALESCED_MMIO,
            ),
            fc.nat({ max: 2 ** 32 - 1 }),
          ),
          fc.uint8Array({ minLength: 64, maxLength: 72 }),
        ),
        { maxLength: 8 },
      ),
      (calls) => {
        const kvm = new CoreBackend().open();
        const vm = kvm.createVm();
        try {
          for (const [request, bytes] of calls) {
            refusing([uapi.KvmError], () => vm.ioctl(request, bytes));
          }
        } finally {
          vm[Symbol.dispose]();
          kvm[Symbol.dispose]();
        }
      },
    ),
  },
  {
    name: "command lines",
    property: fc.property(
      fc.constantFrom(...commands),
      fc.array(
        mutated([
          "--kernel",
          "--kernel=all",
          "--json",
          "--seed",
          "7",
          "-o",
          "x",
          "--",
          "-",
          "--no-color",
        ]),
        { maxLength: 6 },
      ),
      (command, args) => {
        refusing(
          [UsageError],
          () => parseCommandLine(args, [...command.options, ...globalOptions]),
        );
      },
    ),
  },
];
