/**
 * Files people hand over that are not trace text, by their first bytes.
 *
 * @module
 */

const formats: readonly [magic: readonly number[], advice: string][] = [
  [[0x17, 0x08, 0x44], "This is a trace-cmd data file: give the output of `trace-cmd report`"],
  [ascii("PERFILE2"), "This is a perf data file: give the output of `perf script`"],
  [[0x28, 0xb5, 0x2f, 0xfd], "This is zstd data: decompress it, or use gzip"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "This is xz data: decompress it, or use gzip"],
  [ascii("BZh"), "This is bzip2 data: decompress it, or use gzip"],
  [ascii("PK\x03\x04"), "This is a zip archive: unpack it, or use gzip"],
  [[0x7f, 0x45, 0x4c, 0x46], "This is an ELF file, not a recording"],
  [[0xff, 0xfe], "This is UTF-16 text: save it as UTF-8"],
  [[0xfe, 0xff], "This is UTF-16 text: save it as UTF-8"],
];

function ascii(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * What to do with a file that is none of ours.
 *
 * @param head Its first bytes
 * @returns A sentence, or undefined when nothing speaks against it
 */
export function foreignFormat(head: Uint8Array): string | undefined {
  const found = formats.find(([magic]) => magic.every((byte, i) => head[i] === byte));
  return found?.[1];
}

/** Bytes that text has not. */
export function looksBinary(head: Uint8Array): boolean {
  return head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27));
}
