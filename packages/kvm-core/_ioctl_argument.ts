import { hex, ioctlName, KvmError } from "@ioeventfd/uapi";

/** An ioctl argument as it may come, from callers that heed no types. */
export type Argument = Uint8Array | number | undefined;

/** The number of an ioctl, or −1 for what cannot be one. The kernel takes an unsigned int. */
export function requestNumber(request: number): number {
  return typeof request === "number" && Number.isInteger(request) ? request >>> 0 : -1;
}

/** The ioctl for people, whatever was given. */
export function showRequest(request: number): string {
  const number = requestNumber(request);
  return number < 0 ? `of type ${typeof request}` : ioctlName(number) ?? hex(number);
}

/** What copy_from_user gets, and perhaps more: EFAULT for less bytes, and for a number, which points nowhere. */
export function copied(arg: Argument, size: number): Uint8Array {
  if (arg instanceof Uint8Array && arg.byteLength >= size) return arg;
  if (ArrayBuffer.isView(arg) && arg.byteLength >= size) {
    return new Uint8Array(arg.buffer, arg.byteOffset, size);
  }
  const what = ArrayBuffer.isView(arg) ? `${hex(arg.byteLength)} bytes` : "no memory";
  throw new KvmError("EFAULT", {
    check: "copy",
    detail: `The argument points at ${what}, and ${hex(size)} bytes are needed`,
  });
}

/** An argument taken as a number. Whatever points at memory, or is no whole number, is a number out of any range. */
export function scalar(arg: Argument): number {
  if (arg === undefined) return 0;
  return typeof arg === "number" && Number.isSafeInteger(arg) ? arg : Number.MAX_SAFE_INTEGER;
}
