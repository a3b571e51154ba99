/** A C program that prints what the kernel's headers say, and the reading of what it prints. For tests. */
import type { AnyStructLayout, StructField } from "@ioeventfd/uapi";

/** Constants to values, structs to sizes, and `struct.field` to offset, size and signedness: `20+4s`. */
export type Facts = Map<string, string>;

const headers = [
  "linux/kvm.h",
  "linux/ioctl.h",
  "asm/vmx.h",
  "sys/eventfd.h",
  "poll.h",
  "errno.h",
  "stddef.h",
  "stdio.h",
];

/** Constants that the headers spell in another way than a macro of their name. */
const expressions: Readonly<Record<string, string>> = {
  IOC_NONE: "_IOC_NONE",
  IOC_WRITE: "_IOC_WRITE",
  IOC_READ: "_IOC_READ",
  KVM_RUN_SIZE: "sizeof(struct kvm_run)",
  KVM_IOEVENTFD_FLAG_FAST_MMIO: "1 << kvm_ioeventfd_flag_nr_fast_mmio",
};

/** Fields younger than their struct, with a macro that came no later. */
const guards: Readonly<Record<string, string>> = {
  "kvm_run.immediate_exit": "KVM_CAP_IMMEDIATE_EXIT",
  "kvm_run.flags": "KVM_CAP_X86_SMM",
  "kvm_coalesced_mmio_zone.pio": "KVM_CAP_COALESCED_PIO",
  "kvm_coalesced_mmio.pio": "KVM_CAP_COALESCED_PIO",
};

/** The kernel's name of a field: `guestPhysAddr` is `guest_phys_addr`. */
export function kernelName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Layouts that are the whole of their struct. */
function isWhole(layout: AnyStructLayout): boolean {
  return layout.name !== "kvm_run";
}

interface Member {
  /** `struct.member`. */
  readonly path: string;
  /** Designator within the struct. */
  readonly member: string;
  readonly field: StructField;
}

function members(layout: AnyStructLayout): Member[] {
  const prefix = layout.member === undefined ? "" : `${layout.member}.`;
  return Object.entries(layout.fields).map(([name, field]) => {
    const member = prefix + kernelName(name);
    return { path: `${layout.name}.${member}`, member, field };
  });
}

function isScalar({ type, count }: StructField): boolean {
  return typeof type === "string" && count === undefined;
}

/** The program: one `key value` line for every constant, struct and field the headers have. */
export function probeSource(
  constants: readonly string[],
  layouts: readonly AnyStructLayout[],
): string {
  const lines = headers.map((h) => `#if __has_include(<${h}>)\n#include <${h}>\n#endif`);
  lines.push("#define PAGE_SIZE 4096", "int main(void) {");
  for (const name of constants) {
    const print = `printf("${name} %llu\\n", (unsigned long long)(${expressions[name] ?? name}));`;
    lines.push(name in expressions ? print : `#ifdef ${name}\n${print}\n#endif`);
  }
  for (const layout of layouts) {
    const type = `struct ${layout.name}`;
    if (isWhole(layout)) lines.push(`printf("${layout.name} %zu\\n", sizeof(${type}));`);
    for (const { path, member, field } of members(layout)) {
      const value = `((${type} *)0)->${member}`;
      const sign = isScalar(field) ? `(__typeof__(${value}))-1 < 0 ? "s" : "u"` : '""';
      const guard = guards[path];
      if (guard !== undefined) lines.push(`#ifdef ${guard}`);
      lines.push(
        `printf("${path} %zu+%zu%s\\n", offsetof(${type}, ${member}), sizeof(${value}), ${sign});`,
      );
      if (guard !== undefined) lines.push("#endif");
    }
  }
  return [...lines, "return 0; }", ""].join("\n");
}

/** What the probe should print for the tables. */
export function factsOf(
  constants: Readonly<Record<string, number>>,
  layouts: readonly AnyStructLayout[],
): Facts {
  const size = { u8: 1, u16: 2, u32: 4, s32: 4, u64: 8 };
  const facts: Facts = new Map(Object.entries(constants).map(([k, v]) => [k, String(v)]));
  for (const layout of layouts) {
    if (isWhole(layout)) facts.set(layout.name, String(layout.size));
    for (const { path, field } of members(layout)) {
      const { offset, type, count = 1 } = field;
      const bytes = count * (typeof type === "string" ? size[type] : type.size);
      const sign = isScalar(field) ? (type === "s32" ? "s" : "u") : "";
      facts.set(path, `${offset}+${bytes}${sign}`);
    }
  }
  return facts;
}

/**
 * Compiles and runs the program.
 *
 * @returns What it printed, or a sentence saying what this machine lacks
 */
export async function runProbe(source: string): Promise<Facts | string> {
  if ((await Deno.permissions.query({ name: "run" })).state !== "granted") {
    return "no permission to run a C compiler";
  }
  const folder = await Deno.makeTempDir({ prefix: "ioeventfd-probe-" });
  try {
    await Deno.writeTextFile(`${folder}/probe.c`, source);
    const has = await run("cc", [
      "-fsyntax-only",
      "-include",
      "linux/kvm.h",
      "-x",
      "c",
      "/dev/null",
    ]);
    if (has === null) return "no C compiler";
    if (!has.success) return "no <linux/kvm.h>";
    const built = await run("cc", ["-o", `${folder}/probe`, `${folder}/probe.c`]);
    if (!built?.success) throw new Error(`The probe does not compile:\n${built?.stderr}`);
    const ran = await run(`${folder}/probe`, []);
    if (!ran?.success) throw new Error(`The probe does not run:\n${ran?.stderr}`);
    return new Map(
      ran.stdout.trim().split("\n").map((line) => line.split(" ") as [string, string]),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Ran {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: string[]): Promise<Ran | null> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" })
      .output();
    const text = new TextDecoder();
    return { success, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
