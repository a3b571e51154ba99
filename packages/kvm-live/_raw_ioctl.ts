import { hex, iocParts, ioctlName } from "@ioeventfd/uapi";
import type { Libc } from "./_libc.ts";

// vm.mmap_min_addr: nothing of this process is below.
const UNMAPPED = 0x10000;

/**
 * ioctl(2) with any argument that cannot harm the process: bytes that hold the whole struct, or a number that is no
 * address of ours.
 *
 * @returns What the call returned, -1 for an errno
 */
export function rawIoctl(
  libc: Libc,
  fd: number,
  request: number,
  arg: Uint8Array | number | undefined,
): number {
  const { size } = iocParts(request);
  if (typeof arg === "object") {
    if (arg.byteLength < size || arg.byteLength === 0) {
      throw new RangeError(
        `${nameOf(request)} takes ${hex(size)} bytes: the argument has ${hex(arg.byteLength)}`,
      );
    }
    return libc.call.ioctlBytes(fd, request, arg as BufferSource);
  }
  const number = arg ?? 0;
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new RangeError(`${nameOf(request)} takes a whole number of 0 or more: got ${number}`);
  }
  if (size > 0 && number >= UNMAPPED) {
    throw new RangeError(
      `${nameOf(request)} takes ${hex(size)} bytes: got the address ${hex(number)}`,
    );
  }
  return libc.call.ioctl(fd, request, BigInt(number));
}

/** An ioctl as messages name it. */
export function nameOf(request: number): string {
  return ioctlName(request) ?? `ioctl ${hex(request)}`;
}
