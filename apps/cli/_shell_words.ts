/**
 * Words as a shell takes them.
 *
 * @module
 */

/**
 * Words as one line that a shell splits into the same words.
 *
 * @param words Any text
 * @returns The line
 */
export function shellWords(words: readonly string[]): string {
  return words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
  ).join(" ");
}
