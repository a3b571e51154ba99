/**
 * The page's colours, as its style has them.
 *
 * @module
 */

/** Colours of charts. */
export interface Colours {
  /** Of text. */
  readonly text: string;
  /** Under text. */
  readonly ground: string;
  /** Of lines across a plot. */
  readonly grid: string;
  /** The palette. */
  readonly series: readonly string[];
  /** Of text, with its size. */
  readonly font: string;
}

/** What the style says now: light or dark. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: of("--soft"),
    ground: of("--card"),
    grid: of("--line"),
    series: Array.from({ length: 8 }, (_, i) => of(`--c${i}`)),
    font: `12px ${of("--sans")}`,
  };
}
