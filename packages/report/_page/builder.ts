/**
 * What the sections of a page share: its charts, and names for its parts.
 *
 * @module
 */
import type { ChartData } from "../_client/chart_data.ts";

/** Collects what the script needs. */
export class PageBuilder {
  /** Data of the charts, by their number. */
  readonly charts: ChartData[] = [];
  #ids = 0;

  /** The number of a new chart. */
  chart(data: ChartData): number {
    return this.charts.push(data) - 1;
  }

  /** A name that no other part has. */
  id(prefix: string): string {
    return `${prefix}-${++this.#ids}`;
  }
}
