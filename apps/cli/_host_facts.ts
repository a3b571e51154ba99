/**
 * What this host has, found by one script of the shell: files of /proc and /sys, devices and programs.
 *
 * @module
 */
import { neededByProgram, usedTracepoints } from "@ioeventfd/capture";
import type { Host } from "./host.ts";

/** Whether a file can be used. */
export type Access = "ok" | "denied" | "missing";

/** What this host has. */
export interface HostFacts {
  /** `Linux`, or empty where no script can be run. */
  readonly system: string;
  /** Release of its kernel. */
  readonly kernel: string;
  /** Model of its CPU. */
  readonly cpu: string;
  /** `vmx` or `svm`, or empty. */
  readonly virtualization: string;
  /** User id, -1 when unknown. */
  readonly uid: number;
  /** `/dev/kvm`. */
  readonly kvm: Access;
  /** Parameters of the modules of KVM, e.g. `kvm_intel.ept`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Where tracefs is mounted, or empty. */
  readonly tracefs: string;
  /** Whether this user may read it. */
  readonly tracefsAccess: Access;
  /** Fields of those tracepoints of {@linkcode usedTracepoints} that are there. */
  readonly tracepoints: ReadonlyMap<string, readonly string[]>;
  /** How the kernel is locked down: `integrity`, `confidentiality`, or empty. */
  readonly lockdown: string;
  /** BTF of the kernel. */
  readonly btf: boolean;
  /** Path of bpftrace, or empty. */
  readonly bpftrace: string;
  /** Versions of programs by name; one that is not there is not in it. */
  readonly programs: ReadonlyMap<string, string>;
}

/** Programs asked for, and other names of each. */
const programs: readonly (readonly [name: string, ...others: string[]])[] = [
  ["bpftrace"],
  ["qemu-system-x86_64"],
  ["cc", "gcc", "clang"],
  ["chromium", "chromium-browser", "google-chrome"],
  ["python3"],
];

const script = `
say() { printf '%s\\t%s\\n' "$1" "$2"; }
say system "$(uname -s)"
say kernel "$(uname -r)"
say uid "$(id -u)"
say cpu "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)"
say virtualization "$(grep -ow -m 1 -e vmx -e svm /proc/cpuinfo | head -n 1)"
if [ ! -e /dev/kvm ]; then say kvm missing
elif (exec 3<>/dev/kvm); then say kvm ok
else say kvm denied; fi
for name in kvm.tdp_mmu kvm_intel.ept kvm_intel.unrestricted_guest kvm_amd.npt; do
  file=/sys/module/\${name%.*}/parameters/\${name#*.}
  [ -r $file ] && say "parameter $name" "$(cat $file)"
done
say lockdown "$(sed -n 's/.*\\[\\(.*\\)\\].*/\\1/p' /sys/kernel/security/lockdown | grep -v none)"
[ -r /sys/kernel/btf/vmlinux ] && say btf yes
dir=$(sed -n 's/^[^ ]* \\([^ ]*\\) tracefs .*/\\1/p' /proc/mounts | head -n 1)
say tracefs "$dir"
if [ -z "$dir" ]; then say access missing
elif [ -r "$dir/events" ]; then
  say access ok
  for name in ${usedTracepoints.join(" ")}; do
    file=$dir/events/\${name%:*}/\${name#*:}/format
    [ -r "$file" ] && say "tracepoint $name" "$(
      sed -n 's/^[[:space:]]*field:[^;]*[ *]\\([A-Za-z_0-9]*\\)\\(\\[[^];]*\\]\\)*;.*/\\1/p' "$file" |
        tr '\\n' ' ')"
  done
else say access denied; fi
say bpftrace "$(command -v bpftrace)"
version() { command -v "$1" >/dev/null && say "program $2" "$("$1" --version </dev/null | head -n 1)"; }
${programs.map(([name, ...others]) => versions(name, [name, ...others])).join("\n")}
`;

function versions(name: string, candidates: readonly string[]): string {
  return candidates.map((candidate) => `version ${candidate} ${name}`).join(" || ");
}

/**
 * Looks at this host.
 *
 * @param host Where the script runs
 * @returns What was found; all is missing where the shell says nothing
 * @throws {EnvironmentError} when processes may not be started
 */
export async function hostFacts(host: Pick<Host, "shell">): Promise<HostFacts> {
  return parseHostFacts(await host.shell(script));
}

/** Reads what the script writes. */
export function parseHostFacts(text: string): HostFacts {
  const said = new Map(
    text.split("\n").filter((line) => line.includes("\t")).map((line) => {
      const at = line.indexOf("\t");
      return [line.slice(0, at), line.slice(at + 1).trim()] as const;
    }),
  );
  const of = (kind: string): [string, string][] =>
    [...said].filter(([key]) => key.startsWith(`${kind} `))
      .map(([key, value]) => [key.slice(kind.length + 1), value]);
  const plain = (key: string): string => said.get(key) ?? "";
  return {
    system: plain("system"),
    kernel: plain("kernel"),
    cpu: plain("cpu"),
    virtualization: plain("virtualization"),
    uid: said.has("uid") ? Number(plain("uid")) : -1,
    kvm: access(plain("kvm")),
    parameters: new Map(of("parameter")),
    tracefs: plain("tracefs"),
    tracefsAccess: access(plain("access")),
    tracepoints: new Map(
      of("tracepoint").map(([name, fields]) => [name, fields.split(" ").filter((f) => f !== "")]),
    ),
    lockdown: plain("lockdown"),
    bpftrace: plain("bpftrace"),
    btf: said.has("btf"),
    programs: new Map(of("program")),
  };
}

function access(word: string): Access {
  return word === "ok" || word === "denied" ? word : "missing";
}

/** What `record` lacks here, each with the way to get it; empty where it can record. */
export function lackingToRecord(facts: HostFacts): string[] {
  const lacking: string[] = [];
  if (facts.system !== "Linux") {
    return [`recording is for Linux, and this is ${facts.system || "a host without a shell"}`];
  }
  if (facts.uid !== 0) lacking.push("root: bpftrace loads programs into the kernel; use sudo");
  if (facts.bpftrace === "") {
    lacking.push("bpftrace: install it, on Debian with apt-get install bpftrace");
  }
  if (facts.tracefsAccess === "missing") {
    lacking.push("tracefs: mount it with mount -t tracefs nodev /sys/kernel/tracing");
  } else if (facts.tracefsAccess === "denied") {
    lacking.push(`tracefs: only root may read ${facts.tracefs}`);
  } else lacking.push(...lackingTracepoints(facts));
  return lacking;
}

function lackingTracepoints({ tracepoints }: HostFacts): string[] {
  const missing = neededByProgram.filter((name) => !tracepoints.has(name));
  const kvm = missing.filter((name) => name.startsWith("kvm:"));
  const others = missing.filter((name) => !name.startsWith("kvm:"));
  return [
    ...(kvm.length === 0 ? [] : [
      `the tracepoints ${kvm.join(", ")}: load the module, modprobe kvm_intel or kvm_amd`,
    ]),
    ...(others.length === 0 ? [] : [
      `the tracepoints ${others.join(", ")}: the kernel needs CONFIG_FTRACE_SYSCALLS`,
    ]),
  ];
}
