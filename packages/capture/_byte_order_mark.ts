const mark: Uint8Array = Uint8Array.of(0xef, 0xbb, 0xbf);

/** Takes the byte order mark off the beginning of UTF-8 text, in chunks of any size. */
export class ByteOrderMark {
  /** Bytes of the mark seen; all of them also when there was none. */
  #seen = 0;

  /**
   * Skips what of the mark a chunk holds.
   *
   * @param chunk The next bytes
   * @returns What is text, with the bytes held back when they were not the mark
   */
  skip(chunk: Uint8Array): Uint8Array {
    const held = this.#seen;
    if (held === mark.length) return chunk;
    let at = 0;
    while (at < chunk.length && this.#seen < mark.length) {
      if (chunk[at] !== mark[this.#seen]) {
        this.#seen = mark.length;
        if (held === 0) return chunk;
        const whole = new Uint8Array(held + chunk.length);
        whole.set(mark.subarray(0, held));
        whole.set(chunk, held);
        return whole;
      }
      at++;
      this.#seen++;
    }
    return chunk.subarray(at);
  }
}
