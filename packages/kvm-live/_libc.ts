import { errnoName, KvmError } from "@ioeventfd/uapi";
import { openLibc } from "./_libc_path.ts";
import { KvmUnavailableError } from "./kvm_unavailable_error.ts";

// Addresses are u64: with FFI scoped to one library Deno hands out no views of memory, and memcpy takes their place. A
// u32 may carry garbage above bit 31, so only what the callee takes as an int is one.
const definitions = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  mmap: { parameters: ["u64", "usize", "i32", "i32", "i32", "i64"], result: "u64" },
  munmap: { parameters: ["u64", "usize"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "u64"], result: "i32" },
  ioctlBytes: { name: "ioctl", parameters: ["i32", "u32", "buffer"], result: "i32" },
  copyIn: { name: "memcpy", parameters: ["buffer", "u64", "usize"], result: "void" },
  copyOut: { name: "memcpy", parameters: ["u64", "buffer", "usize"], result: "void" },
  addressOf: { name: "memcpy", parameters: ["buffer", "buffer", "usize"], result: "u64" },
  errnoLocation: { name: "__errno_location", parameters: [], result: "u64" },
  syscall0: { name: "syscall", parameters: ["i64"], result: "i32" },
  getdents: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "usize"],
    result: "i32",
  },
  sigprocmask: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "buffer", "usize"],
    result: "i32",
  },
  sigtimedwait: {
    name: "syscall",
    parameters: ["i64", "buffer", "u64", "buffer", "usize"],
    result: "i32",
  },
  timerCreate: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "buffer"],
    result: "i32",
  },
  timerSettime: {
    name: "syscall",
    parameters: ["i64", "i32", "i32", "buffer", "u64"],
    result: "i32",
  },
  timerDelete: { name: "syscall", parameters: ["i64", "i32"], result: "i32" },
} as const;

type Symbols = Deno.DynamicLibrary<typeof definitions>["symbols"];

const utf8 = new TextEncoder();

/** The C library of this process, as this thread sees it. */
export class Libc {
  /** Where it was found. */
  readonly path: string;
  /** Its functions. */
  readonly call: Symbols;
  readonly #errnoAt: bigint;
  readonly #errno = new Int32Array(1);

  constructor(path: string, call: Symbols) {
    this.path = path;
    this.call = call;
    this.#errnoAt = call.errnoLocation();
  }

  /** Why the last call of this thread failed: to be asked before anything else is called. */
  errno(): number {
    this.call.copyIn(this.#errno, this.#errnoAt, 4n);
    return this.#errno[0]!;
  }

  /** The result of a call, or its errno as an error. */
  check(result: number, detail: string | (() => string)): number {
    if (result >= 0) return result;
    const number = this.errno();
    throw failure(number, typeof detail === "string" ? detail : detail());
  }

  /** open(2). */
  open(path: string, flags: number): number {
    return this.call.open(utf8.encode(`${path}\0`), flags, 0);
  }

  /** Copies from an address of this process. */
  copyIn(into: Uint8Array, address: bigint): void {
    this.call.copyIn(into as BufferSource, address, BigInt(into.byteLength));
  }

  /** Copies to an address of this process. */
  copyOut(address: bigint, from: Uint8Array | Uint32Array | BigUint64Array): void {
    this.call.copyOut(address, from as BufferSource, BigInt(from.byteLength));
  }

  /** Maps memory and returns its address. */
  map(size: number, flags: number, fd: number, detail: string): bigint {
    const address = this.call.mmap(0n, BigInt(size), PROT_READ | PROT_WRITE, flags, fd, 0n);
    if (address === MAP_FAILED) throw failure(this.errno(), detail);
    return address;
  }

  /** A file read to its end, as in /proc where no size is known before. */
  readText(path: string): string {
    const fd = this.check(this.open(path, O_RDONLY | O_CLOEXEC), `Cannot open ${path}`);
    try {
      const decoder = new TextDecoder();
      const chunk = new Uint8Array(16384);
      let text = "";
      for (;;) {
        const got = this.check(
          this.call.read(fd, chunk, BigInt(chunk.length)),
          `Cannot read ${path}`,
        );
        if (got === 0) return text;
        text += decoder.decode(chunk.subarray(0, got), { stream: true });
      }
    } finally {
      this.call.close(fd);
    }
  }
}

/** An errno as an error. */
export function failure(number: number, detail: string): Error {
  const code = errnoName(number);
  if (code === undefined) return new Error(`${detail}: errno ${number}`);
  return new KvmError(code, { check: "kernel", detail });
}

const loaded = new Map<string, Libc>();

/**
 * The C library, opened once for the thread and kept.
 *
 * @throws {KvmUnavailableError} without permission, without library, or on another platform
 */
export function loadLibc(path?: string): Libc {
  const known = loaded.get(path ?? "");
  if (known !== undefined) return known;
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    throw new KvmUnavailableError(
      `KVM's ioeventfd is driven on x86-64 Linux: this is ${Deno.build.arch} ${Deno.build.os}`,
    );
  }
  const libc = openLibc({
    open: (at) => new Libc(at, Deno.dlopen(at, definitions).symbols),
    path,
  });
  loaded.set(path ?? "", libc);
  return libc;
}

/** Flags of open(2), eventfd2(2) and their kin. */
export const O_RDONLY = 0, O_RDWR = 2, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
/** Open a path and not what is there. */
export const O_PATH = 0x200000;
/** Open a directory only. */
export const O_DIRECTORY = 0x10000;
/** Protection of mapped memory. */
const PROT_READ = 1, PROT_WRITE = 2;
/** Kinds of mapping: shared, or private memory that takes nothing until it is touched. */
export const MAP_SHARED = 1, MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
const MAP_FAILED = 0xffffffffffffffffn;
