/**
 * What this process has open, to tell whether anything was left behind.
 *
 * @module
 */
import { type Libc, loadLibc, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "./_libc.ts";
import type { LiveOptions } from "./live_backend.ts";

const SYS_getdents64 = 217n;

/** Descriptors and mappings of a process. */
export interface ProcessFootprint {
  /** Open descriptors. */
  readonly descriptors: number;
  /** Those of KVM: `/dev/kvm`, VMs, vCPUs. */
  readonly kvmDescriptors: number;
  /** Those of eventfds. */
  readonly eventfds: number;
  /** Lines of /proc/self/maps. */
  readonly mappings: number;
  /** Those of vCPUs. */
  readonly kvmMappings: number;
  /** Bytes mapped for writing, the runtime's own memory included. */
  readonly writableBytes: number;
}

/**
 * Counts what this process has open, through the C library: `--allow-ffi` for it is enough.
 *
 * @param options How the C library is reached
 * @returns The counts
 * @throws {KvmUnavailableError} without the C library
 */
export function processFootprint(options: LiveOptions = {}): ProcessFootprint {
  const libc = loadLibc(options.libc);
  const targets = descriptorTargets(libc);
  const maps = libc.readText("/proc/self/maps").trimEnd().split("\n");
  return {
    descriptors: targets.length,
    kvmDescriptors: targets.filter(isKvm).length,
    eventfds: targets.filter((target) => target === "anon_inode:[eventfd]").length,
    mappings: maps.length,
    kvmMappings: maps.filter((line) => line.includes("kvm-vcpu")).length,
    writableBytes: maps.reduce((sum, line) => sum + writableBytes(line), 0),
  };
}

function isKvm(target: string): boolean {
  return target === "/dev/kvm" || target.startsWith("anon_inode:kvm");
}

function writableBytes(line: string): number {
  const [range, permissions] = line.split(" ", 2);
  const [start, end] = range!.split("-");
  return permissions!.includes("w") ? parseInt(end!, 16) - parseInt(start!, 16) : 0;
}

function descriptorTargets(libc: Libc): string[] {
  const directory = "/proc/self/fd";
  const utf8 = new TextEncoder();
  const target = new Uint8Array(256);
  const targets: string[] = [];
  const own = libc.check(
    libc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
    `Cannot open ${directory}`,
  );
  try {
    for (const name of entries(libc, own)) {
      if (name === String(own)) continue;
      const path = utf8.encode(`${directory}/${name}\0`);
      const length = libc.call.readlink(path, target, BigInt(target.length));
      if (length >= 0) targets.push(new TextDecoder().decode(target.subarray(0, length)));
    }
  } finally {
    libc.call.close(own);
  }
  return targets;
}

// KERNEL 6.19 include/linux/dirent.h struct linux_dirent64
function entries(libc: Libc, directory: number): string[] {
  const names: string[] = [];
  const bytes = new Uint8Array(32768);
  const view = new DataView(bytes.buffer);
  for (;;) {
    const got = libc.check(
      libc.call.getdents(SYS_getdents64, directory, bytes, BigInt(bytes.length)),
      "Cannot list the descriptors",
    );
    if (got === 0) return names;
    for (let at = 0; at < got; at += view.getUint16(at + 16, true)) {
      const name = bytes.subarray(at + 19, bytes.indexOf(0, at + 19));
      const text = new TextDecoder().decode(name);
      if (text !== "." && text !== "..") names.push(text);
    }
  }
}
