/**
 * A registration as files and vectors spell it: `{ addr, len, flags, datamatch }`, every u64 a hex string.
 *
 * @module
 */
import { checkInteger } from "./_integer.ts";
import type { IoeventfdBus, IoeventfdSpec } from "./backend.ts";
import {
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
  KVM_IOEVENTFD_VALID_FLAG_MASK,
} from "./flags.ts";
import { hex } from "./hex.ts";
import type { Ioeventfd } from "./ioeventfd.ts";

/** One registration without its descriptor, legal or not. */
export interface Registration {
  /** Guest physical address, port or subchannel id (u64). */
  readonly addr: bigint;
  /** Access length in bytes (u32). */
  readonly len: number;
  /** `KVM_IOEVENTFD_FLAG_*` (u32). */
  readonly flags: number;
  /** Value compared, when `flags` has DATAMATCH (u64). */
  readonly datamatch: bigint;
  /** What people call it. */
  readonly name?: string;
}

/** One registration as JSON. */
export interface RegistrationJson {
  /** Hex, `0x…`. */
  readonly addr: string;
  /** Access length in bytes. */
  readonly len: number;
  /** `KVM_IOEVENTFD_FLAG_*`. */
  readonly flags: number;
  /** Hex, `0x…`. */
  readonly datamatch: string;
  /** What people call it. */
  readonly name?: string;
}

function parseU64(value: unknown, what: string): bigint {
  if (typeof value === "string") {
    if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(value)) {
      throw new TypeError(`${what} must be a number such as "0x1000": got "${value}"`);
    }
    return checkInteger("u64", BigInt(value), what) as bigint;
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) {
      throw new TypeError(`${what} must be a whole number, a hex string above 2^53: got ${value}`);
    }
    return checkInteger("u64", BigInt(value), what) as bigint;
  }
  return checkInteger("u64", value, what) as bigint;
}

/**
 * Reads a registration from JSON that was parsed.
 *
 * @param value `addr` and `len`, then `flags`, `datamatch` and `name` where they are not 0 and none. Addresses and values
 * are hex or decimal strings, numbers or bigints; other keys are ignored
 * @param what What it is called in messages
 * @returns The registration
 * @throws {TypeError} for a field that is missing or not a number
 * @throws {RangeError} for a field out of range
 *
 * @example
 * ```ts
 * import { parseRegistration, registrationToSpec } from "@ioeventfd/uapi";
 *
 * const parsed = parseRegistration({ addr: "0x510", len: 4, flags: 3, datamatch: "0x11" });
 * const spec = registrationToSpec(parsed, 5);
 * if (spec.bus !== "pio" || spec.addr !== 0x510n) throw new Error("a port expected");
 * ```
 */
export function parseRegistration(value: unknown, what = "registration"): Registration {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(
      `${what} must be an object with addr and len: got ${JSON.stringify(value)}`,
    );
  }
  const { addr, len, flags = 0, datamatch = 0n, name } = value as Record<string, unknown>;
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`${what}.name must be a string: got ${JSON.stringify(name)}`);
  }
  return {
    addr: parseU64(addr, `${what}.addr`),
    len: checkInteger("u32", len, `${what}.len`) as number,
    flags: checkInteger("u32", flags, `${what}.flags`) as number,
    datamatch: parseU64(datamatch ?? 0n, `${what}.datamatch`),
    ...(name === undefined ? {} : { name }),
  };
}

/**
 * Writes a registration as JSON spells it.
 *
 * @param registration The registration
 * @returns An object to give to `JSON.stringify`
 */
export function formatRegistration(registration: Registration): RegistrationJson {
  const { addr, len, flags, datamatch, name } = registration;
  return {
    addr: hex(addr),
    len,
    flags,
    datamatch: hex(datamatch),
    ...(name === undefined ? {} : { name }),
  };
}

// KERNEL 6.19 virt/kvm/eventfd.c ioeventfd_bus_from_flags
/**
 * The bus that flags choose: PIO where its flag is set, else CCW where its is, else MMIO.
 *
 * @param flags `KVM_IOEVENTFD_FLAG_*`
 * @returns The bus
 */
export function busFromFlags(flags: number): IoeventfdBus {
  if (flags & KVM_IOEVENTFD_FLAG_PIO) return "pio";
  return flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY ? "ccw" : "mmio";
}

/**
 * The value that a registration compares.
 *
 * @param registration Its `flags` and `datamatch`
 * @returns The value, or null for a wildcard
 */
export function datamatchOf(
  { flags, datamatch }: { readonly flags: number; readonly datamatch: bigint },
): bigint | null {
  return flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? datamatch : null;
}

const busFlag = {
  mmio: 0,
  pio: KVM_IOEVENTFD_FLAG_PIO,
  ccw: KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} as const;

/**
 * The typed spelling of a registration, DEASSIGN left out of account.
 *
 * @param registration `addr`, `len`, `flags` and `datamatch`
 * @param fd Descriptor of its eventfd
 * @returns The same, typed
 * @throws {RangeError} when the typed spelling has no words for it: another length than 0, 1, 2, 4 or 8, zero length with
 * DATAMATCH, or a flag the kernel refuses
 */
export function registrationToSpec(registration: Registration, fd: number): IoeventfdSpec {
  const { addr, len, flags, datamatch } = registration;
  const unknown = flags & ~KVM_IOEVENTFD_VALID_FLAG_MASK;
  if (unknown !== 0) throw new RangeError(`flags has unknown bits ${hex(unknown >>> 0)}`);
  const bus = busFromFlags(flags);
  const matchesData = datamatchOf(registration) !== null;
  switch (len) {
    case 0:
      if (matchesData) throw new RangeError("len 0x0 takes no DATAMATCH");
      return { bus, addr, match: { len }, fd };
    case 1:
    case 2:
    case 4:
    case 8:
      return { bus, addr, match: matchesData ? { len, datamatch } : { len }, fd };
    default:
      throw new RangeError(`len must be 0, 1, 2, 4 or 8: got ${hex(len)}`);
  }
}

/**
 * A typed registration as `addr`, `len`, `flags` and `datamatch`.
 *
 * @param spec The registration
 * @returns The same without its descriptor
 */
export function specToRegistration(spec: IoeventfdSpec): Registration {
  const datamatch = spec.match.len === 0 ? undefined : spec.match.datamatch;
  return {
    addr: spec.addr,
    len: spec.match.len,
    flags: busFlag[spec.bus] | (datamatch === undefined ? 0 : KVM_IOEVENTFD_FLAG_DATAMATCH),
    datamatch: datamatch ?? 0n,
  };
}

/**
 * The struct that registers, or takes away, a typed registration.
 *
 * @param spec The registration
 * @param options `deassign` to take it away
 * @returns Fields of `struct kvm_ioeventfd`
 */
export function specToIoeventfd(
  spec: IoeventfdSpec,
  options: { readonly deassign?: boolean } = {},
): Ioeventfd {
  const { addr, len, flags, datamatch } = specToRegistration(spec);
  const deassign = options.deassign === true ? KVM_IOEVENTFD_FLAG_DEASSIGN : 0;
  return { addr, len, flags: flags | deassign, datamatch, fd: spec.fd };
}
