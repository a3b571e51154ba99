import { KvmError } from "@ioeventfd/uapi";

const scratch64 = new BigUint64Array(1);

/** A u64 as two words through scratch memory; each use ends before the next begins. */
export class Words {
  /** The scratch pair, low word first. */
  readonly pair: Int32Array = new Int32Array(scratch64.buffer);
  /** The same as bytes, in the host's order. */
  readonly bytes: Uint8Array = new Uint8Array(scratch64.buffer);

  /** The u64 of two words. */
  join(lo: number, hi: number): bigint {
    if (hi === 0) return BigInt(lo >>> 0);
    this.pair[0] = lo;
    this.pair[1] = hi;
    return scratch64[0]!;
  }

  /** Puts a u64 in {@linkcode Words.pair}. */
  split(value: bigint): void {
    scratch64[0] = value;
    if (scratch64[0] !== value) notU64(value);
  }

  /** As split, of a value to be written: {@linkcode KvmError} EINVAL for 2^64-1. */
  splitWritten(value: bigint): void {
    this.split(value);
    this.refuseAllOnes();
  }

  /** {@linkcode KvmError} EINVAL where {@linkcode Words.pair} has 2^64-1. */
  refuseAllOnes(): void {
    if ((this.pair[0]! & this.pair[1]!) === -1) throw new KvmError("EINVAL", allOnes);
  }
}

/** The scratch memory of this thread. */
export const words: Words = new Words();

const allOnes = { check: "value", detail: "0xffffffffffffffff cannot be written" };

function notU64(value: bigint): never {
  throw new RangeError(`Value ${value} is not a u64`);
}
