/**
 * The memory-mapped store a vCPU is at: one access, or two where it goes across a page.
 *
 * @module
 */
import { Access } from "./_access.ts";
import { claim } from "./_claim.ts";

const page = 4096;
/** Widest store that is split at a page: a vector register. */
const widest = 64;

/** One or two accesses, and which of them an exit belongs to. */
export class PendingStores {
  /** Accesses pending: 0, 1 or 2. */
  count = 0;
  readonly #accesses = [new Access(), new Access()] as const;

  /** An access that is pending. */
  at(index: number): Access {
    return this.#accesses[index]!;
  }

  /** The other part, or null where there is none. */
  partner(index: number): Access | null {
    return this.count === 2 ? this.#accesses[1 - index]! : null;
  }

  /** A store that begins here is the second part of the one pending: they meet at a page, and no exit came between. */
  continues(lo: number, len: number): boolean {
    const [first] = this.#accesses;
    return this.count === 1 && first.seen === 0 && first.len + len <= widest &&
      ((first.lo + first.len) & (page - 1)) === 0 && (lo & (page - 1)) === 0;
  }

  /** The access of one store more. */
  add(): Access {
    return this.#accesses[this.count++]!;
  }

  /** Takes an exit that a store owes: one that is sure to, else one that may have gone to a full ring. */
  takeOwed(): boolean {
    return this.#take(surelyOwes) || this.#take(owes);
  }

  /** Takes an exit that no store owes: one that may have gone to a full ring, else any. */
  takeDoubtful(): boolean {
    return this.#take(mayHaveMetAFullRing) || this.#take(mayHaveExited);
  }

  #take(which: (access: Access) => boolean): boolean {
    for (let i = 0; i < this.count; i++) {
      const access = this.#accesses[i]!;
      if (!which(access)) continue;
      access.seen++;
      return true;
    }
    return false;
  }
}

function owes({ seen, owed }: Access): boolean {
  return seen < owed;
}

function surelyOwes({ seen, owed, ringFull, loose }: Access): boolean {
  return seen < owed && !ringFull && !loose;
}

function mayHaveMetAFullRing({ seen, most, loose, ringFull, claim: by }: Access): boolean {
  return seen < most && (loose || ringFull || by === claim.coalesced);
}

function mayHaveExited({ seen, most }: Access): boolean {
  return seen < most;
}

/**
 * Exits that an unsatisfied read may have. The line of one across pages has the address of the first part and the length
 * of the second.
 */
export function mostReadExits(lo: number, len: number): number {
  const toPageEnd = page - (lo & (page - 1));
  const firstPart = toPageEnd < widest ? (toPageEnd + 7) >> 3 : 0;
  return ((len + 7) >> 3) + firstPart;
}
