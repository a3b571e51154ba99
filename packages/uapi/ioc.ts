/**
 * The encoding of ioctl numbers.
 *
 * @module
 */
import { checkInteger } from "./_integer.ts";
import { hex } from "./hex.ts";

// KERNEL 6.19 include/uapi/asm-generic/ioctl.h
/** Direction of an ioctl's argument, as userspace sees it: none, written to the kernel, read from it. */
export const IOC_NONE = 0, IOC_WRITE = 1, IOC_READ = 2;

/** The parts of an ioctl number. */
export interface IoctlParts {
  /** `IOC_NONE`, `IOC_WRITE`, `IOC_READ`, or the two last together (2 bits). */
  readonly dir: number;
  /** Driver (8 bits); KVM's is 0xae. */
  readonly type: number;
  /** Number within the driver (8 bits). */
  readonly nr: number;
  /** Bytes of the argument (14 bits). */
  readonly size: number;
}

function part(name: string, value: number, max: number): number {
  checkInteger("u32", value, name);
  if (value > max) {
    throw new RangeError(`${name} must be at most ${hex(max)}: got ${hex(value)}`);
  }
  return value;
}

/**
 * An ioctl number from its parts.
 *
 * @param dir `IOC_NONE`, `IOC_WRITE`, `IOC_READ`, or the two last together
 * @param type Driver, 0xae for KVM
 * @param nr Number within the driver
 * @param size Bytes of the argument
 * @returns The number, u32
 * @throws {TypeError} for a part that is not an integer
 * @throws {RangeError} for a part too wide
 *
 * @example
 * ```ts
 * import { ioc, IOC_WRITE } from "@ioeventfd/uapi";
 *
 * if (ioc(IOC_WRITE, 0xae, 0x79, 64) !== 0x4040ae79) throw new Error("KVM_IOEVENTFD expected");
 * ```
 */
export function ioc(dir: number, type: number, nr: number, size: number): number {
  return (part("dir", dir, 3) << 30 | part("size", size, 0x3fff) << 16 |
    part("type", type, 0xff) << 8 | part("nr", nr, 0xff)) >>> 0;
}

/**
 * The parts of an ioctl number.
 *
 * @param request The number, u32
 * @returns Its parts
 * @throws {TypeError} for a number that is not an integer
 * @throws {RangeError} for one out of 32 bits
 */
export function iocParts(request: number): IoctlParts {
  checkInteger("u32", request, "request");
  return {
    dir: request >>> 30,
    type: request >>> 8 & 0xff,
    nr: request & 0xff,
    size: request >>> 16 & 0x3fff,
  };
}
