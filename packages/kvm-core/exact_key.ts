/**
 * What tells one registration on a bus from every other.
 *
 * @module
 */

/** Address, length and datamatch of a registration. */
export interface ExactKey {
  /** Address, low word (s32). */
  readonly lo: number;
  /** Address, high word (s32). */
  readonly hi: number;
  /** Bytes: 0 (any), 1, 2, 4 or 8. */
  readonly len: number;
  /** No DATAMATCH. */
  readonly wildcard: boolean;
  /** Value compared, low word (s32); 0 for a wildcard. */
  readonly datamatchLo: number;
  /** Value compared, high word (s32); 0 for a wildcard. */
  readonly datamatchHi: number;
}
