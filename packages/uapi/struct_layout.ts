/**
 * Kernel structs as tables of offsets, with the one encoder and the one decoder that read the tables.
 *
 * @module
 */
import { checkInteger } from "./_integer.ts";
import { hex } from "./hex.ts";
import type { ScalarType } from "./scalar_type.ts";

/** Where a field is, and what it holds. */
export interface StructField {
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** An integer, or a struct within the struct. */
  readonly type: ScalarType | AnyStructLayout;
  /** Elements, when the field is an array: `u8` as a `Uint8Array`, the others as an array of numbers or bigints. */
  readonly count?: number;
}

/** A struct of any fields. */
export interface AnyStructLayout {
  /** Name in the kernel's headers. */
  readonly name: string;
  /** Member of that struct's union which the fields are in; offsets count from the outer struct. */
  readonly member?: string;
  /** Bytes taken, padding included. */
  readonly size: number;
  /** Fields, padding left out. */
  readonly fields: Readonly<Record<string, StructField>>;
}

/** The layout of a struct whose fields are those of `T`. Field names are the kernel's in camel case. */
export interface StructLayout<T> extends AnyStructLayout {
  /** Fields, padding left out. */
  readonly fields: { readonly [K in keyof T]-?: StructField };
}

const scalarSize = { u8: 1, u16: 2, u32: 4, s32: 4, u64: 8 } as const;

function sizeOf(type: ScalarType | AnyStructLayout): number {
  return typeof type === "string" ? scalarSize[type] : type.size;
}

function viewOf(bytes: Uint8Array, size: number, what: string): DataView {
  if (bytes.byteLength < size) {
    throw new RangeError(
      `${what} takes ${hex(size)} bytes: the buffer has ${hex(bytes.byteLength)}`,
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function getOne(view: DataView, at: number, type: ScalarType | AnyStructLayout): unknown {
  if (typeof type !== "string") return getFields(view, at, type);
  switch (type) {
    case "u8":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "s32":
      return view.getInt32(at, true);
    case "u64":
      return view.getBigUint64(at, true);
  }
}

function getFields(view: DataView, base: number, layout: AnyStructLayout): unknown {
  const value: Record<string, unknown> = {};
  for (const [name, { offset, type, count }] of Object.entries(layout.fields)) {
    const at = base + offset;
    if (count === undefined) value[name] = getOne(view, at, type);
    else if (type === "u8") {
      value[name] = new Uint8Array(view.buffer, view.byteOffset + at, count).slice();
    } else {
      const step = sizeOf(type);
      value[name] = Array.from({ length: count }, (_, i) => getOne(view, at + i * step, type));
    }
  }
  return value;
}

function setOne(
  view: DataView,
  at: number,
  type: ScalarType | AnyStructLayout,
  value: unknown,
  what: string,
): void {
  if (typeof type !== "string") return setFields(view, at, type, value, what);
  const checked = checkInteger(type, value, what);
  if (typeof checked === "bigint") return view.setBigUint64(at, checked, true);
  switch (type) {
    case "u8":
      return view.setUint8(at, checked);
    case "u16":
      return view.setUint16(at, checked, true);
    case "u32":
      return view.setUint32(at, checked, true);
    case "s32":
      return view.setInt32(at, checked, true);
  }
}

function setFields(
  view: DataView,
  base: number,
  layout: AnyStructLayout,
  value: unknown,
  what: string,
): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${what} must be an object: got ${String(value)}`);
  }
  const values = value as Readonly<Record<string, unknown>>;
  for (const [name, { offset, type, count }] of Object.entries(layout.fields)) {
    const field = `${what}.${name}`;
    const given = values[name];
    if (count === undefined) {
      setOne(view, base + offset, type, given, field);
      continue;
    }
    const elements = given as ArrayLike<unknown> | undefined;
    if (elements?.length !== count) {
      throw new RangeError(`${field} takes ${count} elements: got ${elements?.length ?? "none"}`);
    }
    const step = sizeOf(type);
    for (let i = 0; i < count; i++) {
      setOne(view, base + offset + i * step, type, elements[i], `${field}[${i}]`);
    }
  }
}

function nameOf(layout: AnyStructLayout): string {
  return layout.member === undefined ? layout.name : `${layout.name}.${layout.member}`;
}

/**
 * Reads a struct. Bytes after it, and its padding, are ignored.
 *
 * @param layout Where its fields are
 * @param bytes The struct, from their first byte
 * @returns Its fields
 * @throws {RangeError} when there are fewer bytes than the struct takes
 *
 * @example
 * ```ts
 * import { COALESCED_MMIO_ZONE_LAYOUT, decodeStruct } from "@ioeventfd/uapi";
 *
 * const bytes = new Uint8Array(16);
 * bytes[1] = 0x10;
 * bytes[8] = 4;
 * const zone = decodeStruct(COALESCED_MMIO_ZONE_LAYOUT, bytes);
 * if (zone.addr !== 0x1000n || zone.size !== 4) throw new Error("zone misread");
 * ```
 */
export function decodeStruct<T>(layout: StructLayout<T>, bytes: Uint8Array): T {
  return getFields(viewOf(bytes, layout.size, nameOf(layout)), 0, layout) as T;
}

/**
 * Writes a struct's fields over bytes there are, and leaves its padding as it is.
 *
 * @param layout Where its fields go
 * @param value Its fields
 * @param into Bytes to write over, from the first
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of its type's range, or fewer bytes than the struct takes
 */
export function encodeStructInto<T>(layout: StructLayout<T>, value: T, into: Uint8Array): void {
  setFields(viewOf(into, layout.size, nameOf(layout)), 0, layout, value, nameOf(layout));
}

/**
 * Writes a struct into bytes of its own, padding zero.
 *
 * @param layout Where its fields go
 * @param value Its fields
 * @returns `layout.size` bytes
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of its type's range
 */
export function encodeStruct<T>(layout: StructLayout<T>, value: T): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(layout.size);
  encodeStructInto(layout, value, bytes);
  return bytes;
}
