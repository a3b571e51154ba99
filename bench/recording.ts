/**
 * A recording of any size: a VM with four vCPUs, its registrations, and a workload of kicks, exits and reads that is the
 * same from cycle to cycle but for its clock, queues and values.
 *
 * @module
 */

/** Text of a recorder: with the calls that set the VM up, or events of the guest alone. */
export type RecordingFormat = "bpftrace" | "ftrace";

/** What a recording holds, to check a replay against. */
export interface RecordingFacts {
  /** Bytes. */
  readonly bytes: number;
  /** Lines. */
  readonly lines: number;
  /** Writes that signal an eventfd. */
  readonly kicks: number;
  /** Exits to userspace for a port or for memory. */
  readonly exits: number;
}

const PROCESS = 4200;
const VCPUS = 4;
const QUEUES = 8;

/** An event of the guest: what a recorder prints after its header. */
interface Event {
  readonly text: string;
  readonly isKick?: boolean;
  readonly isExit?: boolean;
}

/**
 * Writes a recording.
 *
 * @param path File to write
 * @param format Text of which recorder
 * @param bytes Size, reached with the cycle that passes it
 * @returns What is in it
 */
export async function writeRecording(
  path: string,
  format: RecordingFormat,
  bytes: number,
): Promise<RecordingFacts> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  const facts = { bytes: 0, lines: 0, kicks: 0, exits: 0 };
  let text = format === "bpftrace" ? setup() : "# tracer: nop\n#\n";
  facts.lines = text.split("\n").length - 1;
  let ns = 7_000_000_000;
  for (let cycle = 0; facts.bytes + text.length < bytes; cycle++) {
    const vcpu = cycle % VCPUS;
    for (const event of events(cycle, format === "bpftrace")) {
      ns += 1000 + cycle * 37 % 900;
      text += format === "bpftrace"
        ? `${ns} ${PROCESS}/${PROCESS + 2 + vcpu} qemu-system-x86 ${event.text}\n`
        : ` qemu-system-x86-${PROCESS + 2 + vcpu}    [00${vcpu}] .....  ${
          seconds(ns)
        }: ${event.text}\n`;
      facts.lines++;
      if (event.isKick) facts.kicks++;
      if (event.isExit) facts.exits++;
    }
    if (text.length < 1 << 20) continue;
    await write(file, encoder.encode(text));
    facts.bytes += text.length;
    text = "";
  }
  await write(file, encoder.encode(text));
  facts.bytes += text.length;
  return facts;
}

async function write(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

function seconds(ns: number): string {
  const micros = Math.floor(ns / 1000);
  return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, "0")}`;
}

/** The calls of a VMM: a VM with interrupt controllers, RAM, modern and legacy doorbells, then its vCPUs. */
function setup(): string {
  let ns = 5_000_000_000;
  const line = (tid: number, what: string): string =>
    `${ns += 1000} ${PROCESS}/${tid} qemu-system-x86 ${what}\n`;
  let text = "Attaching 6 probes...\n";
  text += line(PROCESS, "ioctl: fd 8 cmd 0xae01 arg 0x0 ret 9");
  text += line(PROCESS, "ioctl: fd 9 cmd 0xae60 arg 0x0 ret 0");
  text += line(
    PROCESS,
    "KVM_SET_USER_MEMORY_REGION: vm 9 slot 0x0 flags 0x0 gpa 0x0 size 0x80000000 ret 0",
  );
  for (let queue = 0; queue < QUEUES; queue++) {
    const mmio = (0xfebf_b000 + 4 * queue).toString(16);
    text += line(
      PROCESS,
      `KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0x${mmio} len 0 fd ${20 + queue} flags 0x0 ret 0`,
    );
    text += line(
      PROCESS,
      `KVM_IOEVENTFD: vm 9 datamatch 0x${queue} addr 0xc010 len 2 fd ${20 + queue} flags 0x3 ret 0`,
    );
  }
  for (let vcpu = 0; vcpu < VCPUS; vcpu++) {
    text += line(PROCESS + 2 + vcpu, `ioctl: fd 9 cmd 0xae41 arg 0x${vcpu} ret ${30 + vcpu}`);
  }
  return text;
}

function events(cycle: number, bpftrace: boolean): Event[] {
  const queue = cycle * 7 % QUEUES;
  const other = (cycle >> 3) % QUEUES;
  const value = (cycle * 0x9e37 & 0xffff).toString(16);
  const ring = store(bpftrace, 0xfebf_b000 + 4 * queue, queue);
  const exit = bpftrace ? portExit.bpftrace : portExit.ftrace;
  return [
    ring,
    store(bpftrace, 0xfebf_b000 + 4 * other, other),
    { ...out(bpftrace, 0xc010, 2, other.toString(16)), isKick: true },
    out(bpftrace, 0xcf8, 4, "80000090"),
    exit,
    ring,
    out(bpftrace, 0x20, 1, "20"),
    ...load(bpftrace, 0xfebd_1000 + 4 * other, value),
    ring,
    exit,
    inp(bpftrace, 0x71, (cycle & 0x7f).toString(16)),
  ];
}

const portExit: Record<RecordingFormat, Event> = {
  bpftrace: { text: "kvm_userspace_exit: reason 2 errno 0", isExit: true },
  ftrace: { text: "kvm_userspace_exit: reason KVM_EXIT_IO (2)", isExit: true },
};

const memoryExit: Record<RecordingFormat, Event> = {
  bpftrace: { text: "kvm_userspace_exit: reason 6 errno 0", isExit: true },
  ftrace: { text: "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)", isExit: true },
};

/** A store to a zero-length doorbell: the fast path prints its address alone. */
function store(bpftrace: boolean, gpa: number, queue: number): Event {
  const addr = gpa.toString(16);
  const text = bpftrace
    ? `kvm_mmio: type 2 len 2 gpa 0x${addr} val 0x${queue.toString(16)}`
    : `kvm_fast_mmio: fast mmio at gpa 0x${addr}`;
  return { text, isKick: true };
}

function out(bpftrace: boolean, port: number, size: number, value: string): Event {
  const at = port.toString(16);
  const text = bpftrace
    ? `kvm_pio: rw 1 port 0x${at} size ${size} count 1 val 0x${value}`
    : `kvm_pio: pio_write at 0x${at} size ${size} count 1 val 0x${value} `;
  return { text };
}

function inp(bpftrace: boolean, port: number, value: string): Event {
  const at = port.toString(16);
  const text = bpftrace
    ? `kvm_pio: rw 0 port 0x${at} size 1 count 1 val 0x${value}`
    : `kvm_pio: pio_read at 0x${at} size 1 count 1 val 0x${value} `;
  return { text };
}

function load(bpftrace: boolean, gpa: number, value: string): Event[] {
  const what = `len 4 gpa 0x${gpa.toString(16)} val 0x`;
  return [
    { text: `kvm_mmio: ${bpftrace ? "type 0" : "mmio unsatisfied-read"} ${what}0` },
    bpftrace ? memoryExit.bpftrace : memoryExit.ftrace,
    { text: `kvm_mmio: ${bpftrace ? "type 1" : "mmio read"} ${what}${value}` },
  ];
}
