/**
 * When something happened, and how far apart.
 *
 * @module
 */

/** Count, first, last, and the gaps between, in nanoseconds. */
export class Timing {
  /** How often. */
  count = 0;
  /** Time of the first. */
  first = 0;
  /** Time of the last. */
  last = 0;
  /** Gaps there were. */
  gaps = 0;
  /** All of them together. */
  between = 0;
  /** Smallest gap; Infinity before there is one. */
  min: number = Infinity;
  /** Largest gap. */
  max = 0;

  /** It happened at that time. */
  add(time: number): void {
    if (this.count++ === 0) {
      this.first = time;
    } else {
      const gap = time - this.last;
      if (gap >= 0) {
        this.gaps++;
        this.between += gap;
        if (gap < this.min) this.min = gap;
        if (gap > this.max) this.max = gap;
      }
    }
    this.last = time;
  }

  /** Joins another: gaps stay those within each. */
  merge(other: Timing): void {
    if (other.count === 0) return;
    this.first = this.count === 0 ? other.first : Math.min(this.first, other.first);
    this.last = Math.max(this.last, other.last);
    this.count += other.count;
    this.gaps += other.gaps;
    this.between += other.between;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }
}
