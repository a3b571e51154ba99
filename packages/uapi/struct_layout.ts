/**
 * Kernel structs as tables of offsets, with the one encoder and the one decoder that read the tables.
 *
 * @module
 */
import { getScalar, setScalar } from "./_scalar_access.ts";
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

function checkSize(bytes: Uint8Array, size: number, what: string): void {
  if (bytes.byteLength >= size) return;
  throw new RangeError(
    `${what} takes ${hex(size)} bytes: the buffer has ${hex(bytes.byteLength)}`,
  );
}

/** Name, place, and the name with a dot before it. */
type Entry = readonly [name: string, field: StructField, dotted: string];

const entriesOf = new WeakMap<AnyStructLayout, readonly Entry[]>();

/** The fields in the order of the layout; listed once. */
function entries(layout: AnyStructLayout): readonly Entry[] {
  let list = entriesOf.get(layout);
  if (list !== undefined) return list;
  list = Object.entries(layout.fields).map(([name, field]): Entry => [name, field, `.${name}`]);
  entriesOf.set(layout, list);
  return list;
}

function getOne(bytes: Uint8Array, at: number, type: ScalarType | AnyStructLayout): unknown {
  return typeof type === "string" ? getScalar(bytes, at, type) : getFields(bytes, at, type);
}

function getFields(bytes: Uint8Array, base: number, layout: AnyStructLayout): unknown {
  const value: Record<string, unknown> = {};
  for (const [name, { offset, type, count }] of entries(layout)) {
    const at = base + offset;
    if (count === undefined) value[name] = getOne(bytes, at, type);
    else if (type === "u8") value[name] = Uint8Array.from(bytes.subarray(at, at + count));
    else {
      const step = sizeOf(type);
      value[name] = Array.from({ length: count }, (_, i) => getOne(bytes, at + i * step, type));
    }
  }
  return value;
}

function setOne(
  bytes: Uint8Array,
  at: number,
  type: ScalarType | AnyStructLayout,
  value: unknown,
  what: string,
  name: string,
): void {
  if (typeof type === "string") setScalar(bytes, at, type, value, what, name);
  else setFields(bytes, at, type, value, `${what}${name}`);
}

function setFields(
  bytes: Uint8Array,
  base: number,
  layout: AnyStructLayout,
  value: unknown,
  what: string,
): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${what} must be an object: got ${String(value)}`);
  }
  const values = value as Readonly<Record<string, unknown>>;
  for (const [name, { offset, type, count }, dotted] of entries(layout)) {
    const given = values[name];
    if (count === undefined) {
      setOne(bytes, base + offset, type, given, what, dotted);
      continue;
    }
    const elements = given as ArrayLike<unknown> | undefined;
    if (elements?.length !== count) {
      throw new RangeError(
        `${what}${dotted} takes ${count} elements: got ${elements?.length ?? "none"}`,
      );
    }
    const step = sizeOf(type);
    for (let i = 0; i < count; i++) {
      setOne(bytes, base + offset + i * step, type, elements[i], what, `${dotted}[${i}]`);
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
  checkSize(bytes, layout.size, nameOf(layout));
  return getFields(bytes, 0, layout) as T;
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
  const what = nameOf(layout);
  checkSize(into, layout.size, what);
  setFields(into, 0, layout, value, what);
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
