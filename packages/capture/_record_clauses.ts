/**
 * Clauses of the recording program for system calls: set-up calls of KVM, and what happens to eventfds.
 *
 * @module
 */
import {
  hex,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT2,
  KVM_CREATE_VCPU,
  KVM_CREATE_VM,
  KVM_ENABLE_CAP,
  KVM_IOEVENTFD,
  KVM_IRQFD,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_RUN,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
} from "@ioeventfd/uapi";

// KERNEL 6.19 include/uapi/linux/kvm.h
const KVM_CHECK_EXTENSION = 0xae03;
const KVM_CREATE_PIT = 0xae64;
const KVM_SET_USER_MEMORY_REGION2 = 0x40a0ae49;

/** A line of the recording: who and when, then the event. */
export function line(text: string, args: readonly string[], time = "nsecs"): string {
  const all = [time, "pid", "tid", "comm", ...args].join(", ");
  return `printf("%llu %d/%d %s ${text}\\n", ${all});`;
}

/** A call whose argument points at a struct. */
interface PointedCall {
  readonly name: string;
  readonly request: number;
  readonly struct: string;
  /** What the descriptor is called. */
  readonly on: "vm" | "fd";
  /** Format and field of each. */
  readonly fields: readonly (readonly [text: string, field: string])[];
}

const zone = [["addr 0x%llx", "addr"], ["size %u", "size"], ["pio %u", "pio"]] as const;
const region = [
  ["slot 0x%x", "slot"],
  ["flags 0x%x", "flags"],
  ["gpa 0x%llx", "gpa"],
  ["size 0x%llx", "size"],
] as const;

const pointedCalls: readonly PointedCall[] = [
  {
    name: "KVM_IOEVENTFD",
    request: KVM_IOEVENTFD,
    struct: "ioeventfd_args",
    on: "vm",
    fields: [
      ["datamatch 0x%llx", "datamatch"],
      ["addr 0x%llx", "addr"],
      ["len %u", "len"],
      ["fd %d", "fd"],
      ["flags 0x%x", "flags"],
    ],
  },
  {
    name: "KVM_IRQFD",
    request: KVM_IRQFD,
    struct: "irqfd_args",
    on: "vm",
    fields: [["fd %d", "fd"], ["gsi %u", "gsi"], ["flags 0x%x", "flags"], [
      "resamplefd %d",
      "resamplefd",
    ]],
  },
  {
    name: "KVM_SET_USER_MEMORY_REGION",
    request: KVM_SET_USER_MEMORY_REGION,
    struct: "region_args",
    on: "vm",
    fields: region,
  },
  {
    name: "KVM_SET_USER_MEMORY_REGION2",
    request: KVM_SET_USER_MEMORY_REGION2,
    struct: "region_args",
    on: "vm",
    fields: region,
  },
  {
    name: "KVM_REGISTER_COALESCED_MMIO",
    request: KVM_REGISTER_COALESCED_MMIO,
    struct: "zone_args",
    on: "vm",
    fields: zone,
  },
  {
    name: "KVM_UNREGISTER_COALESCED_MMIO",
    request: KVM_UNREGISTER_COALESCED_MMIO,
    struct: "zone_args",
    on: "vm",
    fields: zone,
  },
  {
    name: "KVM_ENABLE_CAP",
    request: KVM_ENABLE_CAP,
    struct: "cap_args",
    on: "fd",
    fields: [
      ["cap %u", "cap"],
      ["flags 0x%x", "flags"],
      ["args 0x%llx", "a0"],
      ["0x%llx", "a1"],
    ],
  },
  {
    name: "KVM_CREATE_PIT2",
    request: KVM_CREATE_PIT2,
    struct: "pit_args",
    on: "vm",
    fields: [["flags 0x%x", "flags"]],
  },
];

const plainCalls: readonly number[] = [
  KVM_CREATE_VM,
  KVM_CREATE_VCPU,
  KVM_CREATE_IRQCHIP,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_PIT,
];

/**
 * Set-up calls. Structs are read when the call returns: the kernel has read them by then, so their pages are there.
 *
 * @param descriptors Whether to take descriptors named by calls for eventfds: those that came from another process
 */
export function setupClauses(descriptors: boolean): string[] {
  const branches = pointedCalls.map(({ name, request, struct, on, fields }) => {
    const text = fields.map(([one]) => one).join(" ");
    const args = ["@fd[tid]", ...fields.map(([, field]) => `$p->${field}`), "args->ret"];
    const eventfd = descriptors && fields.some(([, field]) => field === "fd")
      ? ` if (args->ret == 0) { ${known("$p->fd")} = 1; }`
      : "";
    return `if ($c == ${hex(request)}) { $p = (struct ${struct} *)uptr(@arg[tid]); ${
      line(`${name}: ${on} %d ${text} ret %d`, args)
    }${eventfd} }`.replaceAll("$p", `$${name.toLowerCase()}`);
  });
  const plain = plainCalls.map((request) => `$c == ${hex(request)}`).join(" || ");
  branches.push(
    `if (${plain}) { ${
      line("ioctl: fd %d cmd 0x%x arg 0x%llx ret %d", ["@fd[tid]", "$c", "@arg[tid]", "args->ret"])
    } }`,
  );
  return [
    `tracepoint:syscalls:sys_enter_ioctl /(args->cmd & 0xff00) == 0xae00 && args->cmd != ${
      hex(KVM_RUN)
    } && @watched[(uint64)pid]/ { @cmd[tid] = args->cmd; @arg[tid] = args->arg; @fd[tid] = args->fd; }`,
    `tracepoint:syscalls:sys_exit_ioctl /@cmd[tid]/ {
  $c = @cmd[tid];
  ${branches.join("\n  else ")}
  delete(@cmd[tid]); delete(@arg[tid]); delete(@fd[tid]);
}`,
  ];
}

/** Tracepoints of system calls on eventfds. */
export const descriptorTracepoints: readonly string[] = [
  "eventfd2",
  "read",
  "write",
  "close",
  "dup",
  "fcntl",
].flatMap((call) => [
  `syscalls:sys_enter_${call}`,
  `syscalls:sys_exit_${call}`,
]);

type Tracepoints = ReadonlyMap<string, readonly string[]>;

/** What watched processes do with eventfds: make, read, write, duplicate, close. */
export function descriptorClauses(tracepoints: Tracepoints): string[] {
  const there = (call: string): boolean =>
    tracepoints.has(`syscalls:sys_enter_${call}`) && tracepoints.has(`syscalls:sys_exit_${call}`);
  if (!there("eventfd2")) return [];
  const clauses = [
    enter(
      "eventfd2",
      "@watched[(uint64)pid]",
      "@count[tid] = args->count; @eflags[tid] = args->flags + 1;",
    ),
    exit(
      "eventfd2",
      "@eflags[tid]",
      line("eventfd: count %u flags 0x%x ret %d", [
        "@count[tid]",
        "@eflags[tid] - 1",
        "args->ret",
      ]) +
        ` if (args->ret >= 0) { ${known("args->ret")} = 1; } ` +
        "delete(@count[tid]); delete(@eflags[tid]);",
    ),
  ];
  for (const call of ["read", "write"].filter(there)) {
    const [buffer, fd] = [`@${call}_buf`, `@${call}_fd`];
    clauses.push(
      enter(call, known("args->fd"), `${buffer}[tid] = args->buf; ${fd}[tid] = args->fd;`),
      exit(
        call,
        `${buffer}[tid]`,
        `$value = (uint64)0; if (args->ret == 8) { $at = (struct value64 *)uptr(${buffer}[tid]); $value = $at->value; } ` +
          line(`eventfd_${call}: fd %d value 0x%llx ret %d`, [
            `${fd}[tid]`,
            "$value",
            "args->ret",
          ]) +
          ` delete(${buffer}[tid]); delete(${fd}[tid]);`,
      ),
    );
  }
  if (there("close")) {
    // The number may be in use again before the call returns, so the line bears the time of its beginning.
    clauses.push(
      enter(
        "close",
        known("args->fd"),
        `@closing[tid] = nsecs; @closed[tid] = args->fd; delete(${known("args->fd")});`,
      ),
      exit(
        "close",
        "@closing[tid]",
        line("close: fd %d ret %d", ["@closed[tid]", "args->ret"], "@closing[tid]") +
          " delete(@closing[tid]); delete(@closed[tid]);",
      ),
    );
  }
  return [...clauses, ...dupClauses(there)];
}

// KERNEL 6.19 include/uapi/asm-generic/fcntl.h F_DUPFD, include/uapi/linux/fcntl.h F_DUPFD_CLOEXEC
const fcntlDuplicates = "(args->cmd == 0 || args->cmd == 1030)";

function dupClauses(there: (call: string) => boolean): string[] {
  const calls = [["dup", "fildes", ""], ["fcntl", "fd", `${fcntlDuplicates} && `]] as const;
  return calls.filter(([call]) => there(call)).flatMap(([call, from, which]) => [
    enter(call, which + known(`args->${from}`), `@dup[tid] = (uint64)args->${from} + 1;`),
    exit(
      call,
      "@dup[tid]",
      line("dup: fd %d ret %d", ["@dup[tid] - 1", "args->ret"]) +
        ` if (args->ret >= 0) { ${known("args->ret")} = 1; } delete(@dup[tid]);`,
    ),
  ]);
}

function known(fd: string): string {
  return `@efd[(uint64)pid, (uint64)${fd}]`;
}

function enter(call: string, when: string, what: string): string {
  return `tracepoint:syscalls:sys_enter_${call} /${when}/ { ${what} }`;
}

function exit(call: string, when: string, what: string): string {
  return `tracepoint:syscalls:sys_exit_${call} /${when}/ { ${what} }`;
}
