/** Where threads that wait for the same thing find each other in shared memory. */
export interface Sleepers {
  /** Bit beside the count: somebody wants to know of what comes next. */
  readonly flag: number;
  /** Index of the word that each wake moves. */
  readonly sequence: number;
  /** Index of the word that counts them. */
  readonly number: number;
}

/** Who waits for something to read. */
export const READERS: Sleepers = { flag: 1 << 30, sequence: 2, number: 3 };
/** Who waits for room to write. */
export const WRITERS: Sleepers = { flag: 1 << 29, sequence: 4, number: 5 };
