/**
 * A line of text in a picture.
 *
 * @param x Pixels from the left
 * @param y Pixels from the top, of its base line
 * @param content The text, in which nothing is escaped
 * @param name Its class, for the style sheet of the picture
 * @param anchor Which part of it is at `x`
 * @returns The element
 */
export function svgText(
  x: number,
  y: number,
  content: string,
  name = "",
  anchor: "start" | "middle" = "start",
): string {
  const kind = name === "" ? "" : ` class="${name}"`;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${kind}>${content}</text>`;
}
