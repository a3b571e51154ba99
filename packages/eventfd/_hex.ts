/** A number as messages show it: `0x1000`, `-0x1`. */
export function hex(value: number): string {
  return `${value < 0 ? "-" : ""}0x${Math.abs(value).toString(16)}`;
}
